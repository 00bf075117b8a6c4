import Netlink
import Plist

/// A file of ours holds what we do not write.
struct Damage: Error {}

extension PlistValue {
    /// The value of a key; nil where it is not there or this is no dictionary.
    subscript(key: String) -> PlistValue? {
        guard case .dictionary(let entries) = self else { return nil }
        return entries.first { $0.key == key }?.value
    }

    var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    func number<Number: FixedWidthInteger>(_: Number.Type = Number.self) -> Number? {
        string.flatMap { Number($0) }
    }

    /// `YES` or `NO`.
    var boolean: Bool? {
        switch string {
        case "YES": true
        case "NO": false
        default: nil
        }
    }

    /// What stands under a key; nil where nothing does.
    func optional<Value>(
        _ key: String, _ read: (PlistValue) -> Value?
    ) throws(Damage) -> Value? {
        guard let value = self[key] else { return nil }
        guard let value = read(value) else { throw Damage() }
        return value
    }

    /// What must stand under a key.
    func required<Value>(_ key: String, _ read: (PlistValue) -> Value?) throws(Damage) -> Value {
        guard let value = try optional(key, read) else { throw Damage() }
        return value
    }

    /// The elements of the array that must stand under a key.
    func elements<Value>(
        _ key: String, _ read: (PlistValue) throws(Damage) -> Value
    ) throws(Damage) -> [Value] {
        guard case .array(let elements)? = self[key] else { throw Damage() }
        var values: [Value] = []
        values.reserveCapacity(elements.count)
        for element in elements { values.append(try read(element)) }
        return values
    }

    /// The entries of the dictionary that must stand under a key.
    func entries(_ key: String) throws(Damage) -> [Entry] {
        try self[key].orDamage().entries
    }

    var entries: [Entry] {
        get throws(Damage) {
            guard case .dictionary(let entries) = self else { throw Damage() }
            return entries
        }
    }
}

extension Optional {
    /// The value; nothing is damage.
    func orDamage() throws(Damage) -> Wrapped {
        guard let self else { throw Damage() }
        return self
    }
}
