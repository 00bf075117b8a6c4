import Plist

/// A line of a file without its end.
struct Line: Hashable {
    var place: Place
    var text: String

    /// The lines of a file; CR before LF is dropped.
    ///
    /// - Parameter continued: a final `\` joins the next line, which keeps the first one's place.
    static func all(of source: SourceText, continued: Bool = false) -> [Line] {
        var lines: [Line] = []
        var joins = false
        var bytes = source.bytes[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        let parts = bytes.split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            var part = part
            if part.last == UInt8(ascii: "\r") { part = part.dropLast() }
            let continues = continued && part.last == UInt8(ascii: "\\")
            if continues { part = part.dropLast() }
            let text = String(decoding: part, as: UTF8.self)
            if joins, !lines.isEmpty {
                lines[lines.count - 1].text += " " + text.trimmed
            } else {
                lines.append(Line(place: Place(file: source.file, line: index + 1), text: text))
            }
            joins = continues
        }
        return lines
    }

    /// Blanks on both sides away.
    var trimmed: String { text.trimmed }

    /// What blanks separate.
    var words: [String] { text.blankSeparated }
}

extension StringProtocol {
    var trimmed: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        var rest = self[...].drop(while: isBlank)
        while let last = rest.last, isBlank(last) { rest = rest.dropLast() }
        return String(rest)
    }

    var blankSeparated: [String] {
        split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\n" }).map { String($0) }
    }
}
