extension PlistValue {
    /// The text encoding, with a final line break; `PlistReader` reads it back to an equal value.
    public var text: String {
        var text: [UInt8] = []
        write(to: &text, indentation: 0)
        text += "\n".utf8
        return String(decoding: text, as: UTF8.self)
    }

    /// As bytes: what a host remembers has thousands of words.
    private func write(to text: inout [UInt8], indentation: Int) {
        switch self {
        case .string(let string):
            text += Self.quoted(string).utf8
        case .array(let elements):
            if elements.isEmpty {
                text += "( )".utf8
            } else if elements.count == 1, case .string(let only) = elements[0] {
                text += "( \(Self.quoted(only)) )".utf8
            } else {
                text += "(".utf8
                for (index, element) in elements.enumerated() {
                    text += (index == 0 ? "\n" : ",\n").utf8
                    Self.indent(&text, indentation + 1)
                    element.write(to: &text, indentation: indentation + 1)
                }
                text += "\n".utf8
                Self.indent(&text, indentation)
                text += ")".utf8
            }
        case .dictionary(let entries):
            text += "{\n".utf8
            for entry in entries {
                Self.indent(&text, indentation + 1)
                text += Self.quoted(entry.key).utf8
                text += " = ".utf8
                entry.value.write(to: &text, indentation: indentation + 1)
                text += ";\n".utf8
            }
            Self.indent(&text, indentation)
            text += "}".utf8
        }
    }

    private static func indent(_ text: inout [UInt8], _ levels: Int) {
        text += repeatElement(UInt8(ascii: " "), count: 4 * levels)
    }

    /// Bare where the grammar takes it bare.
    package static func quoted(_ string: String) -> String {
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
