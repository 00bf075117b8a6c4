extension TextReader {
    /// An outer bracket that misses its end for the same reason is not reported again.
    mutating func reportOpen(
        _ bracket: String, at start: SourceLocation, before: String? = nil
    ) {
        guard !isRecovering else { return }
        if let before {
            report("'\(bracket)' of line \(start.line) is not closed before \(before)")
        } else {
            report("'\(bracket)' is never closed", at: start)
        }
        isRecovering = true
    }

    /// Whether `byte` comes next after the one at hand, blanks apart.
    func isFollowed(by byte: UInt8) -> Bool {
        var ahead = self
        ahead.isSilent = true
        ahead.position += 1
        ahead.skipBlanks()
        return ahead.current == byte
    }

    func isKeyAhead() -> Bool {
        guard let byte = current, beginsString(byte) else { return false }
        var ahead = self
        ahead.isSilent = true
        _ = ahead.string()
        ahead.skipBlanks()
        return ahead.current == UInt8(ascii: "=")
    }

    /// To behind the next `;`, or to a bracket that closes something around it.
    mutating func skipEntry(untilParenthesis: Bool = false) {
        while let byte = current {
            switch byte {
            case UInt8(ascii: ";") where !untilParenthesis:
                position += 1
                return
            case UInt8(ascii: "}"): return
            case UInt8(ascii: ")") where openArrays > 0: return
            case UInt8(ascii: "{"), UInt8(ascii: "("): skipBracket()
            default: skipToken()
            }
            skipBlanks()
        }
    }

    /// From an opening bracket to behind its closing one, without descending.
    mutating func skipBracket() {
        var open = 0
        while let byte = current {
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "("): open += 1
            case UInt8(ascii: "}"), UInt8(ascii: ")"): open -= 1
            default: break
            }
            skipToken()
            if open == 0 { break }
            skipBlanks()
        }
        tokenEnd = position
    }

    /// A string without a look at its inside, or one byte.
    mutating func skipToken() {
        guard current == UInt8(ascii: "\"") else {
            position += 1
            return
        }
        let wasSilent = isSilent
        isSilent = true
        _ = string()
        isSilent = wasSilent
    }
}
