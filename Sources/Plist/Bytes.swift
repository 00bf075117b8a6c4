extension [UInt8] {
    /// Appends a text in one copy.
    package mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(contentsOf: $0) }
    }
}
