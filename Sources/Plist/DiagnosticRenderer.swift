/// Shows diagnostics as compilers do: place and message, the source line, a caret.
public struct DiagnosticRenderer: Sendable {
    /// Longer lines are cut around the caret.
    private static let widest = 100

    private let lines: [String: [Substring.UnicodeScalarView]]

    public init(_ sources: [SourceText]) {
        lines = Dictionary(
            sources.map { ($0.file, Self.lines(of: $0)) }, uniquingKeysWith: { first, _ in first })
    }

    /// `path:line:column: error: message`, the line and a caret under the column; without a final
    /// line break. The first line alone where the source is not at hand.
    public func text(of diagnostic: Diagnostic) -> String {
        let head = "\(diagnostic.severity.rawValue): \(diagnostic.message)"
        guard let location = diagnostic.location else { return head }
        let first = "\(location): \(head)"
        guard let lines = lines[location.file], lines.indices.contains(location.line - 1) else {
            return first
        }
        let (source, caret) = Self.excerpt(
            Array(lines[location.line - 1]), column: location.column - 1)
        return source.isEmpty ? first : "\(first)\n\(source)\n\(caret)"
    }

    /// The window around `column` (from 0) and the caret's line; a tab stands under a tab.
    private static func excerpt(
        _ line: [Unicode.Scalar], column: Int
    ) -> (source: String, caret: String) {
        let column = min(max(0, column), line.count)
        var window = 0..<line.count
        if line.count > widest {
            let lower = min(max(0, column - widest / 2), line.count - widest)
            window = lower..<lower + widest
        }
        var source = window.lowerBound > 0 ? "…" : ""
        var caret = window.lowerBound > 0 ? " " : ""
        for index in window {
            let scalar = line[index]
            let shown: Unicode.Scalar =
                scalar == "\t" || !TextGrammar.isControl(scalar) ? scalar : "\u{FFFD}"
            source.unicodeScalars.append(shown)
            if index < column { caret += shown == "\t" ? "\t" : " " }
        }
        if window.upperBound < line.count { source += "…" }
        return (source, caret + "^")
    }

    private static func lines(of source: SourceText) -> [Substring.UnicodeScalarView] {
        let bytes = source.bytes.dropFirst(source.start)
        let text: String =
            switch (bytes.first, bytes.dropFirst().first) {
            case (0xFE, 0xFF): decodeUTF16(bytes.dropFirst(2)) { UInt16($0) << 8 | UInt16($1) }
            case (0xFF, 0xFE): decodeUTF16(bytes.dropFirst(2)) { UInt16($1) << 8 | UInt16($0) }
            default: String(decoding: bytes, as: UTF8.self)
            }
        var lines: [Substring.UnicodeScalarView] = []
        let scalars = text[...].unicodeScalars
        var start = scalars.startIndex
        var index = start
        while index < scalars.endIndex {
            let scalar = scalars[index]
            let next = scalars.index(after: index)
            if scalar == "\n" || scalar == "\r" {
                lines.append(scalars[start..<index])
                start = next
                if scalar == "\r", next < scalars.endIndex, scalars[next] == "\n" {
                    start = scalars.index(after: next)
                }
                index = start
            } else {
                index = next
            }
        }
        lines.append(scalars[start...])
        return lines
    }

    private static func decodeUTF16(
        _ bytes: ArraySlice<UInt8>, _ unit: (UInt8, UInt8) -> UInt16
    ) -> String {
        let units = stride(from: bytes.startIndex, to: bytes.endIndex - 1, by: 2).map {
            unit(bytes[$0], bytes[$0 + 1])
        }
        return String(decoding: units, as: UTF16.self)
    }
}
