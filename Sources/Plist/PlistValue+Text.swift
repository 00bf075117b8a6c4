extension PlistValue {
    /// The text encoding, with a final line break; `PlistReader` reads it back to an equal value.
    public var text: String {
        var text = ""
        write(to: &text, indentation: 0)
        text += "\n"
        return text
    }

    private func write(to text: inout String, indentation: Int) {
        switch self {
        case .string(let string):
            text += Self.quoted(string)
        case .array(let elements):
            if elements.isEmpty {
                text += "( )"
            } else if elements.count == 1, case .string(let only) = elements[0] {
                text += "( "
                text += Self.quoted(only)
                text += " )"
            } else {
                text += "("
                for (index, element) in elements.enumerated() {
                    text += index == 0 ? "\n" : ",\n"
                    Self.indent(&text, indentation + 1)
                    element.write(to: &text, indentation: indentation + 1)
                }
                text += "\n"
                Self.indent(&text, indentation)
                text += ")"
            }
        case .dictionary(let entries):
            text += "{\n"
            for entry in entries {
                Self.indent(&text, indentation + 1)
                text += Self.quoted(entry.key)
                text += " = "
                entry.value.write(to: &text, indentation: indentation + 1)
                text += ";\n"
            }
            Self.indent(&text, indentation)
            text += "}"
        }
    }

    private static func indent(_ text: inout String, _ levels: Int) {
        for _ in 0..<levels { text += "    " }
    }

    /// Bare where the grammar takes it bare.
    static func quoted(_ string: String) -> String {
        let bytes = string.utf8
        if !bytes.isEmpty, bytes.allSatisfy(TextGrammar.isBare), !TextGrammar.holdsComment(bytes) {
            return string
        }
        if bytes.allSatisfy(TextGrammar.isPlain) { return "\"" + string + "\"" }
        var text = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case "\r": text += "\\r"
            case _ where TextGrammar.isControl(scalar): text += TextGrammar.escape(scalar)
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
