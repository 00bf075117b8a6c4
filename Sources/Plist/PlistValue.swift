/// A property list without positions: what a program builds and writes.
public indirect enum PlistValue: Hashable, Sendable {
    case string(String)
    case array([PlistValue])
    /// Written in this order.
    case dictionary([Entry])

    public struct Entry: Hashable, Sendable {
        public var key: String
        public var value: PlistValue

        public init(_ key: String, _ value: PlistValue) {
            self.key = key
            self.value = value
        }
    }

    /// `YES` or `NO`.
    public static func boolean(_ value: Bool) -> PlistValue { .string(value ? "YES" : "NO") }

    public static func integer(_ value: some BinaryInteger) -> PlistValue { .string("\(value)") }
}

extension PlistValue: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self = .string(value) }
}

extension PlistValue: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: PlistValue...) { self = .array(elements) }
}

extension PlistValue: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, PlistValue)...) {
        self = .dictionary(elements.map { Entry($0.0, $0.1) })
    }
}
