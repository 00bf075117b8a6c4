extension TextReader {
    /// A bare or quoted string; `current` begins one.
    mutating func string() -> (text: String, isDamaged: Bool) {
        defer { tokenEnd = position }
        return current == UInt8(ascii: "\"") ? quotedString() : (bareString(), false)
    }

    /// What a person meant to be one string, with what needs quotes reported.
    private mutating func bareString() -> String {
        let start = position
        var isReported = false
        while let byte = current, !TextGrammar.isDelimiter(byte) {
            if byte == UInt8(ascii: "/"), let next = self.byte(at: position + 1),
                next == UInt8(ascii: "/") || next == UInt8(ascii: "*")
            {
                let mark = next == UInt8(ascii: "/") ? "//" : "/*"
                report(
                    "'\(mark)' inside a bare string; quote the string, or put a blank before a comment"
                )
                let behind = self.byte(at: position + 2) ?? UInt8(ascii: " ")
                if mark == "/*" || TextGrammar.isBlank(behind) {
                    isRecovering = true
                    break
                }
                isReported = true
                position += 2
            } else {
                if !isReported, !TextGrammar.isBare(byte) {
                    isReported = true
                    report("\(found()) cannot stand in a bare string; quote the string")
                }
                position += 1
            }
        }
        return String(decoding: source.bytes[start..<position], as: UTF8.self)
    }

    private mutating func quotedString() -> (text: String, isDamaged: Bool) {
        let start = position
        position += 1
        let content = position
        while let byte = current, byte >= 0x20, byte != UInt8(ascii: "\\"), byte != 0x7F {
            position += 1
            if byte == UInt8(ascii: "\"") {
                return (
                    String(decoding: source.bytes[content..<position - 1], as: UTF8.self), false
                )
            }
        }
        return restOfQuotedString(start: start, content: content)
    }

    /// The slow way, once an escape or something odd is met.
    private mutating func restOfQuotedString(
        start: Int, content: Int
    ) -> (text: String, isDamaged: Bool) {
        var text = Array(source.bytes[content..<position])
        var isDamaged = false
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return (String(decoding: text, as: UTF8.self), isDamaged)
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                report(
                    "this quote is not closed on its line; a line break inside is \\n", at: start)
                isRecovering = true
                return (String(decoding: text, as: UTF8.self), true)
            case UInt8(ascii: "\\"):
                if !escape(into: &text) { isDamaged = true }
            default:
                if byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7F {
                    report("unexpected \(found()) in a quoted string; write it as \\Uhhhh")
                    isDamaged = true
                }
                text.append(byte)
                position += 1
            }
        }
        report("this quote is never closed", at: start)
        isRecovering = true
        return (String(decoding: text, as: UTF8.self), true)
    }

    private mutating func escape(into text: inout [UInt8]) -> Bool {
        let start = position
        position += 1
        guard let byte = current, byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "\r") else {
            return true
        }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): text.append(byte)
        case UInt8(ascii: "n"): text.append(UInt8(ascii: "\n"))
        case UInt8(ascii: "t"): text.append(UInt8(ascii: "\t"))
        case UInt8(ascii: "r"): text.append(UInt8(ascii: "\r"))
        case UInt8(ascii: "U"):
            position = start
            return unicodeEscape(into: &text)
        default:
            let name = scalar(at: position).map(String.init) ?? ""
            report(
                #"unknown escape '\\#(name)'; there are \" \\ \n \t \r \Uhhhh"#, at: start)
            position += 1
            while let next = current, next & 0xC0 == 0x80 { position += 1 }
            return false
        }
        position += 1
        return true
    }

    /// `\Uhhhh`, or two of them for a surrogate pair.
    private mutating func unicodeEscape(into text: inout [UInt8]) -> Bool {
        let start = position
        guard let first = codeUnit() else {
            report("\\U takes four hexadecimal digits", at: start)
            position = start + 2
            return false
        }
        var units = [first]
        if UTF16.isLeadSurrogate(first), let second = codeUnit() { units.append(second) }
        guard let text16 = String(validating: units, as: UTF16.self) else {
            report("a lone surrogate; \\Ud83d\\Ude00 are one character", at: start)
            return false
        }
        text.append(contentsOf: text16.utf8)
        return true
    }

    /// Reads `\Uhhhh`; nil, and nothing read, where there is none.
    private mutating func codeUnit() -> UInt16? {
        guard current == UInt8(ascii: "\\"), byte(at: position + 1) == UInt8(ascii: "U"),
            position + 6 <= end
        else { return nil }
        let digits = source.bytes[position + 2..<position + 6]
        guard digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        else { return nil }
        position += 6
        return unit
    }
}
