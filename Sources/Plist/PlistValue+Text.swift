extension PlistValue {
    /// The text encoding, with a final line break; `PlistReader` reads it back to an equal value.
    public var text: String {
        var text: [UInt8] = []
        write(to: &text, indentation: 0)
        text.append("\n")
        return String(decoding: text, as: UTF8.self)
    }

    /// As bytes: what a host remembers has thousands of words.
    private func write(to text: inout [UInt8], indentation: Int) {
        switch self {
        case .string(let string):
            Self.write(string, to: &text)
        case .array(let elements):
            if elements.isEmpty {
                text.append("( )")
            } else if elements.count == 1, case .string(let only) = elements[0] {
                text.append("( ")
                Self.write(only, to: &text)
                text.append(" )")
            } else {
                text.append("(")
                for (index, element) in elements.enumerated() {
                    text.append(index == 0 ? "\n" : ",\n")
                    Self.indent(&text, indentation + 1)
                    element.write(to: &text, indentation: indentation + 1)
                }
                text.append("\n")
                Self.indent(&text, indentation)
                text.append(")")
            }
        case .dictionary(let entries):
            text.append("{\n")
            for entry in entries {
                Self.indent(&text, indentation + 1)
                Self.write(entry.key, to: &text)
                text.append(" = ")
                entry.value.write(to: &text, indentation: indentation + 1)
                text.append(";\n")
            }
            Self.indent(&text, indentation)
            text.append("}")
        }
    }

    private static func indent(_ text: inout [UInt8], _ levels: Int) {
        text += repeatElement(UInt8(ascii: " "), count: 4 * levels)
    }

    package static func quoted(_ string: String) -> String {
        var text: [UInt8] = []
        write(string, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Bare where the grammar takes it bare.
    private static func write(_ string: String, to text: inout [UInt8]) {
        var string = string
        let isWritten = string.withUTF8 { bytes in
            var isBare = !bytes.isEmpty
            for byte in bytes {
                guard TextGrammar.isPlain(byte) else { return false }
                isBare = isBare && TextGrammar.isBare(byte)
            }
            isBare = isBare && !TextGrammar.holdsComment(bytes)
            if !isBare { text.append(UInt8(ascii: "\"")) }
            text += bytes
            if !isBare { text.append(UInt8(ascii: "\"")) }
            return true
        }
        guard !isWritten else { return }
        text.append(UInt8(ascii: "\""))
        for scalar in string.unicodeScalars { text.append(escaped(scalar)) }
        text.append(UInt8(ascii: "\""))
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"": "\\\""
        case "\\": "\\\\"
        case "\n": "\\n"
        case "\t": "\\t"
        case "\r": "\\r"
        case _ where TextGrammar.isControl(scalar): TextGrammar.escape(scalar)
        default: String(scalar)
        }
    }
}
