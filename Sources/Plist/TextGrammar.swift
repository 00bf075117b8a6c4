/// What reader, writer and messages have to agree on.
package enum TextGrammar {
    package static let maximumSize = 1 << 20
    static let maximumDepth = 32

    /// May stand in a string without quotes.
    @inline(__always)
    static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "-")...UInt8(ascii: ":"), UInt8(ascii: "_"), UInt8(ascii: "$"),
            UInt8(ascii: "+"), UInt8(ascii: "%"):
            true
        default: false
        }
    }

    /// May stand between quotes as it is.
    @inline(__always)
    static func isPlain(_ byte: UInt8) -> Bool {
        (0x20..<0x7F).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\t")
            || byte == UInt8(ascii: "\r")
    }

    /// Ends a bare string.
    @inline(__always)
    static func isDelimiter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "("), UInt8(ascii: ")"),
            UInt8(ascii: "="), UInt8(ascii: ";"), UInt8(ascii: ","), UInt8(ascii: "\""):
            true
        default: isBlank(byte)
        }
    }

    /// `//` or `/*` in a bare string.
    static func holdsComment(_ bytes: some Sequence<UInt8>) -> Bool {
        var previous: UInt8 = 0
        for byte in bytes {
            if previous == UInt8(ascii: "/"), byte == previous { return true }
            previous = byte
        }
        return false
    }

    /// As `<integer>` has it: decimal or `0x…`, with or without a minus.
    static func isInteger(_ text: String) -> Bool {
        let unsigned = text.hasPrefix("-") ? text.dropFirst() : text[...]
        let isHexadecimal = unsigned.hasPrefix("0x")
        let digits = (isHexadecimal ? unsigned.dropFirst(2) : unsigned).unicodeScalars
        return !digits.isEmpty
            && digits.allSatisfy {
                isHexadecimal ? $0.properties.isASCIIHexDigit : ("0"..."9").contains($0)
            }
    }

    /// Would move a terminal's cursor or worse.
    package static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    /// `\Uhhhh`; the scalars that need it lie below U+10000.
    package static func escape(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        return "\\U" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
