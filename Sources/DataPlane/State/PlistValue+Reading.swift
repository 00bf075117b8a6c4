import Netlink
import Plist

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

    var elements: [PlistValue] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    var entries: [Entry] {
        guard case .dictionary(let entries) = self else { return [] }
        return entries
    }

    func number<Number: FixedWidthInteger>(_: Number.Type = Number.self) -> Number? {
        string.flatMap { Number($0) }
    }
}
