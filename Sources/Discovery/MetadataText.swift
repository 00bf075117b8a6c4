/// How services write values.
enum MetadataText {
    /// The body as text.
    ///
    /// - Returns: nil for what is none: not UTF-8, control characters, a page of HTML.
    static func text(_ body: [UInt8]) -> String? {
        let isControl: (UInt8) -> Bool = { byte in
            (byte < 0x20 || byte == 0x7F) && ![0x09, 0x0A, 0x0D].contains(byte)
        }
        guard !body.contains(where: isControl), let text = String(validating: body, as: UTF8.self)
        else { return nil }
        let content = trimmed(text)
        return content.hasPrefix("<") ? nil : content
    }

    /// One a line, CRLF or LF; directories without their `/`; each once, in order.
    static func lines(_ text: String) -> [String] {
        var seen: Set<String> = []
        return text.split(whereSeparator: \.isNewline).map { line in
            let line = trimmed(line)
            return line.hasSuffix("/") ? String(line.dropLast()) : line
        }.filter { !$0.isEmpty && seen.insert($0).inserted }
    }

    /// `["a","b"]`, `[a,b]`, or one a line.
    ///
    /// - Returns: nil where a bracket or a quote does not end: something was cut off.
    static func list(_ text: String) -> [String]? {
        let text = trimmed(text)
        guard text.hasPrefix("[") || text.hasSuffix("]") else { return lines(text) }
        guard text.count > 1, text.hasPrefix("["), text.hasSuffix("]") else { return nil }
        let inner = trimmed(text.dropFirst().dropLast())
        guard !inner.isEmpty else { return [] }
        var items: [String] = []
        for part in inner.split(separator: ",", omittingEmptySubsequences: false) {
            var item = trimmed(part)
            if item.hasPrefix("\"") || item.hasSuffix("\"") {
                guard item.count > 1, item.hasPrefix("\""), item.hasSuffix("\"") else { return nil }
                item = String(item.dropFirst().dropLast())
            }
            guard !item.isEmpty, !item.contains("\"") else { return nil }
            if !items.contains(item) { items.append(item) }
        }
        return items
    }

    static func trimmed(_ text: some StringProtocol) -> String {
        var rest = Substring(text).drop(while: \.isWhitespace)
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
