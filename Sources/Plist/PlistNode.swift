/// A value of a property list and where it was written.
///
/// Numbers and booleans are strings: the text encoding does not tell them apart, and who asks for
/// one checks it with the position at hand.
public struct PlistNode: Hashable, Sendable {
    public indirect enum Content: Hashable, Sendable {
        case string(String)
        case array([PlistNode])
        /// In the order of the file; no key twice.
        case dictionary([PlistEntry])
    }

    public var content: Content
    /// Where it begins: the opening bracket or quote, the bare string, the XML tag.
    public var location: SourceLocation
    /// A problem that is already reported took something away here: what seems to be missing or
    /// wrong may not be.
    public var isDamaged: Bool

    public init(_ content: Content, at location: SourceLocation, isDamaged: Bool = false) {
        self.content = content
        self.location = location
        self.isDamaged = isDamaged
    }

    /// The value alone, without positions.
    public var value: PlistValue {
        switch content {
        case .string(let text): .string(text)
        case .array(let elements): .array(elements.map(\.value))
        case .dictionary(let entries):
            .dictionary(entries.map { PlistValue.Entry($0.key, $0.value.value) })
        }
    }
}

/// `Key = value;`
public struct PlistEntry: Hashable, Sendable {
    public var key: String
    public var keyLocation: SourceLocation
    public var value: PlistNode

    public init(key: String, keyLocation: SourceLocation, value: PlistNode) {
        self.key = key
        self.keyLocation = keyLocation
        self.value = value
    }
}
