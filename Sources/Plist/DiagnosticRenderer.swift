/// Shows diagnostics as compilers do: place and message, the source line, a caret.
public struct DiagnosticRenderer: Sendable {
    /// Longer lines are cut around the caret.
    private static let widest = 100

    private let lines: [String: Lines]

    public init(_ sources: [SourceText]) {
        lines = Dictionary(
            sources.map { ($0.file, Lines($0)) }, uniquingKeysWith: { first, _ in first })
    }

    /// `path:line:column: error: message`, the line and a caret under the column; without a final
    /// line break. The first line alone where the source is not at hand.
    public func text(of diagnostic: Diagnostic) -> String {
        let head = "\(diagnostic.severity.rawValue): \(diagnostic.message)"
        guard let location = diagnostic.location else { return head }
        let first = "\(location): \(head)"
        // What holds a NUL is no text that anybody could look at.
        guard let line = lines[location.file]?[location.line], !line.contains("\0") else {
            return first
        }
        let (source, caret) = Self.excerpt(line, column: location.column - 1)
        return source.isEmpty ? first : "\(first)\n\(source)\n\(caret)"
    }

    /// The window around `column` (from 0) and the caret's line; a tab stands under a tab.
    private static func excerpt(
        _ line: ArraySlice<Unicode.Scalar>, column: Int
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
            let scalar = line[line.startIndex + index]
            let shown: Unicode.Scalar =
                scalar == "\t" || !TextGrammar.isControl(scalar) ? scalar : "\u{FFFD}"
            source.unicodeScalars.append(shown)
            if index < column { caret += shown == "\t" ? "\t" : " " }
        }
        if window.upperBound < line.count { source += "…" }
        return (source, caret + "^")
    }
}

/// A file cut into lines, once for all of its diagnostics.
private struct Lines {
    private let scalars: [Unicode.Scalar]
    private let ranges: [Range<Int>]

    init(_ source: SourceText) {
        scalars = Self.scalars(of: source)
        var ranges: [Range<Int>] = []
        var start = 0
        for (index, scalar) in scalars.enumerated() where scalar == "\n" || scalar == "\r" {
            // The LF of a CR LF: its line has ended.
            if scalar == "\n", index == start, index > 0, scalars[index - 1] == "\r" {
                start = index + 1
                continue
            }
            ranges.append(start..<index)
            start = index + 1
        }
        self.ranges = ranges + [start..<scalars.count]
    }

    /// Counted from 1; nil where the file has no such line.
    subscript(number: Int) -> ArraySlice<Unicode.Scalar>? {
        ranges.indices.contains(number - 1) ? scalars[ranges[number - 1]] : nil
    }

    private static func scalars(of source: SourceText) -> [Unicode.Scalar] {
        let bytes = source.bytes.dropFirst(source.start)
        let text: String =
            switch (bytes.first, bytes.dropFirst().first) {
            case (0xFE, 0xFF): utf16(bytes.dropFirst(2)) { UInt16($0) << 8 | UInt16($1) }
            case (0xFF, 0xFE): utf16(bytes.dropFirst(2)) { UInt16($1) << 8 | UInt16($0) }
            default: String(decoding: bytes, as: UTF8.self)
            }
        return Array(text.unicodeScalars)
    }

    private static func utf16(
        _ bytes: ArraySlice<UInt8>, _ unit: (UInt8, UInt8) -> UInt16
    ) -> String {
        let units = stride(from: bytes.startIndex, to: bytes.endIndex - 1, by: 2).map {
            unit(bytes[$0], bytes[$0 + 1])
        }
        return String(decoding: units, as: UTF16.self)
    }
}
