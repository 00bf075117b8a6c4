import Plist

extension Piece {
    private static let width = 96

    /// The text encoding, with a final line break.
    var text: String {
        var text = ""
        write(to: &text, indentation: 0, isRoot: true)
        return text
    }

    private func write(to text: inout String, indentation: Int, isRoot: Bool = false) {
        let margin = String(repeating: "    ", count: indentation)
        if case .comment(let comment) = content {
            for line in comment.split(separator: "\n", omittingEmptySubsequences: false) {
                text += line.isEmpty ? "\(margin)//\n" : "\(margin)// \(Self.harmless(line))\n"
            }
            return
        }
        let head = margin + (key.map { "\(Self.quoted($0)) = " } ?? "")
        let end = isRoot ? "\n" : key == nil ? ",\n" : ";\n"
        if let flat, indentation > 0, isString || head.count + flat.count < Self.width {
            text += head + flat + end
            return
        }
        let (open, close) = if case .array = content { ("(", ")") } else { ("{", "}") }
        text += head + open + "\n"
        for child in children { child.write(to: &text, indentation: indentation + 1) }
        text += margin + close + end
    }

    /// On one line; nil where a comment, or an entry of an entry, wants lines of its own.
    private var flat: String? {
        switch content {
        case .comment: return nil
        case .string(let string): return Self.quoted(string)
        case .array(let elements):
            let parts = elements.map { $0.isNested ? nil : $0.flat }
            guard !parts.contains(nil) else { return nil }
            return parts.isEmpty ? "( )" : "( \(parts.compactMap { $0 }.joined(separator: ", ")) )"
        case .dictionary(let entries):
            let parts = entries.map { entry in
                entry.isNested
                    ? nil : entry.flat.map { "\(Self.quoted(entry.key ?? "")) = \($0);" }
            }
            guard !parts.contains(nil) else { return nil }
            return parts.isEmpty ? "{ }" : "{ \(parts.compactMap { $0 }.joined(separator: " ")) }"
        }
    }

    private var isString: Bool { if case .string = content { true } else { false } }

    private var isNested: Bool {
        switch content {
        case .comment, .string: false
        case .array(let pieces), .dictionary(let pieces): !pieces.isEmpty
        }
    }

    /// Words and numbers bare, all else between quotes, as people write it.
    private static func quoted(_ text: String) -> String {
        let quoted = PlistValue.quoted(text)
        let isWord = text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || $0 == 0x5F
        }
        return isWord || quoted.hasPrefix("\"") ? quoted : "\"\(quoted)\""
    }

    /// No control characters, not endless.
    private static func harmless(_ line: Substring) -> String {
        var shown = String.UnicodeScalarView()
        for (index, scalar) in line.unicodeScalars.enumerated() {
            if index == 2000 {
                shown.append("…")
                break
            }
            if TextGrammar.isControl(scalar) {
                shown.append(contentsOf: TextGrammar.escape(scalar).unicodeScalars)
            } else {
                shown.append(scalar)
            }
        }
        return String(shown)
    }
}
