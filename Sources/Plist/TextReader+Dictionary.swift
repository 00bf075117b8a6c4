extension TextReader {
    /// `{ Key = value; }`; `current` is the bracket.
    mutating func dictionary(isInEntry: Bool = false) -> PlistNode {
        let start = location(of: position)
        var body = DictionaryBody()
        let outer = self.isInEntry
        self.isInEntry = isInEntry
        depth += 1
        position += 1
        reading: while true {
            skipBlanks()
            switch current {
            case nil:
                reportOpen("{", at: start)
                body.isDamaged = true
                break reading
            case UInt8(ascii: "}"):
                position += 1
                break reading
            case UInt8(ascii: ")") where openArrays > 0:
                reportOpen("{", at: start, before: "')'")
                body.isDamaged = true
                break reading
            case UInt8(ascii: ")") where depth > 1:
                report("expected '}' for the '{' of line \(start.line), found ')'")
                position += 1
                break reading
            case UInt8(ascii: ";"):
                report("unexpected ';'")
                while current == UInt8(ascii: ";") {
                    position += 1
                    skipBlanks()
                }
            case let byte? where beginsString(byte):
                isRecovering = false
                if !entry(into: &body) { body.isDamaged = true }
            default:
                report("expected a key, found \(found())")
                body.isDamaged = true
                skipEntry()
            }
        }
        depth -= 1
        self.isInEntry = outer
        tokenEnd = position
        return body.node(at: start)
    }

    /// False where the entry could not be read.
    mutating func entry(into body: inout DictionaryBody) -> Bool {
        let keyLocation = location(of: position)
        let key = string()
        skipBlanks()
        if current == UInt8(ascii: "=") {
            position += 1
            skipBlanks()
        } else {
            guard !isRecovering else { return false }
            report("expected '=' after \(Diagnostic.quote(key.text))", at: tokenEnd)
            switch current {
            case UInt8(ascii: ";"):
                position += 1
                return false
            case UInt8(ascii: "{"), UInt8(ascii: "("): break
            case let byte? where beginsString(byte) && !isKeyAhead(): break
            default: return false
            }
        }
        guard let value = value(of: key.text) else {
            skipEntry()
            return false
        }
        endEntry(key.text)
        if key.isDamaged { return false }
        if let problem = body.add(PlistEntry(key: key.text, keyLocation: keyLocation, value: value))
        {
            report(problem, at: keyLocation)
        }
        return true
    }

    /// The `;`, or what is there in its place.
    mutating func endEntry(_ key: String) {
        skipBlanks()
        switch current {
        case UInt8(ascii: ";"):
            position += 1
        case UInt8(ascii: ","):
            report("expected ';' after the value of \(Diagnostic.quote(key)), found ','")
            position += 1
        case nil: break  // The bracket that is never closed says it.
        case UInt8(ascii: "}"), UInt8(ascii: ")"):
            if !isRecovering {
                report("missing ';' after the value of \(Diagnostic.quote(key))", at: tokenEnd)
            }
        case let byte? where beginsString(byte) && isKeyAhead():
            if !isRecovering {
                report("missing ';' after the value of \(Diagnostic.quote(key))", at: tokenEnd)
            }
        default:
            if !isRecovering {
                report("expected ';' after the value of \(Diagnostic.quote(key)), found \(found())")
            }
            skipEntry()
        }
    }
}
