extension TextReader {
    /// A value, or nil with a report; `owner` is the key that it belongs to.
    mutating func value(of owner: String? = nil) -> PlistNode? {
        switch current {
        case UInt8(ascii: "{"), UInt8(ascii: "("):
            guard depth < TextGrammar.maximumDepth else {
                let start = location(of: position)
                report("nested deeper than \(TextGrammar.maximumDepth)", at: start)
                skipBracket()
                return PlistNode(.array([]), at: start, isDamaged: true)
            }
            return current == UInt8(ascii: "{") ? dictionary(isInEntry: owner != nil) : array()
        case let byte? where beginsString(byte):
            let start = location(of: position)
            let string = string()
            return PlistNode(.string(string.text), at: start, isDamaged: string.isDamaged)
        default:
            let place = owner.map { " for \(Diagnostic.quote($0))" } ?? ""
            report("expected a value\(place), found \(found())")
            return nil
        }
    }

    func beginsString(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || TextGrammar.isBare(byte)
    }
}
