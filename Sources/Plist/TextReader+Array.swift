extension TextReader {
    /// `( a, b )`; `current` is the bracket.
    mutating func array() -> PlistNode {
        let start = location(of: position)
        var elements: [PlistNode] = []
        var isDamaged = false
        depth += 1
        openArrays += 1
        position += 1
        reading: while true {
            skipBlanks()
            let elementStart = position
            switch current {
            case nil:
                reportOpen("(", at: start)
                isDamaged = true
                break reading
            case UInt8(ascii: ")"):
                position += 1
                break reading
            case UInt8(ascii: "}") where !isInEntry && isFollowed(by: UInt8(ascii: ";")):
                report("expected ')' for the '(' of line \(start.line), found '}'")
                position += 1
                break reading
            case UInt8(ascii: "}"):
                reportOpen("(", at: start, before: "'}'")
                isDamaged = true
                break reading
            case UInt8(ascii: ","):
                report("expected a value, found ','")
                position += 1
                continue reading
            default:
                guard let element = value() else {
                    isDamaged = true
                    skipEntry()
                    if current == UInt8(ascii: ",") { position += 1 }
                    continue reading
                }
                skipBlanks()
                if current == UInt8(ascii: "="), case .string = element.content {
                    isDamaged = true
                    if elements.isEmpty {
                        report(
                            "'=' in an array; a dictionary in it is written ( { Key = value; } )")
                        skipEntry(untilParenthesis: true)
                        continue reading
                    }
                    position = elementStart
                    reportOpen("(", at: start, before: "the next key")
                    break reading
                }
                elements.append(element)
            }
            if !endElement(openedAt: start) {
                isDamaged = true
                break reading
            }
        }
        depth -= 1
        openArrays -= 1
        tokenEnd = position
        return PlistNode(.array(elements), at: start, isDamaged: isDamaged)
    }

    /// The `,`, or what is there in its place; false where the array ends without its `)`.
    mutating func endElement(openedAt start: SourceLocation) -> Bool {
        switch current {
        case UInt8(ascii: ","):
            position += 1
            isRecovering = false
        case UInt8(ascii: ")"), UInt8(ascii: "}"), nil: break
        case UInt8(ascii: ";"):
            var ahead = self
            ahead.isSilent = true
            ahead.position += 1
            ahead.skipBlanks()
            if ahead.current == nil || ahead.current == UInt8(ascii: "}") || ahead.isKeyAhead() {
                reportOpen("(", at: start, before: "';'")
                return false
            }
            report("expected ',' or ')', found ';'")
            position += 1
        case let byte?
        where beginsString(byte) || byte == UInt8(ascii: "{") || byte == UInt8(ascii: "("):
            if !isRecovering {
                report("missing ',' between the elements of an array", at: tokenEnd)
            }
            isRecovering = false
        default:
            report("expected ',' or ')', found \(found())")
            skipEntry()
        }
        return true
    }
}
