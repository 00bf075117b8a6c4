import Plist

/// Takes located trees apart and collects what is wrong with them.
///
/// Every reader returns nil after a report, and nil without one where the node is damaged: that
/// was reported when the file was parsed.
struct TreeReader {
    private(set) var diagnostics: [Diagnostic] = []
    private(set) var errorCount = 0
    /// What is being read comes from the metadata.
    var isDiscovered = false

    /// `Key = value;` with a key that is known.
    struct Entry<Key> {
        var key: Key
        var name: String
        var keyLocation: SourceLocation
        var value: PlistNode
    }

    mutating func error(_ message: String, at location: SourceLocation) {
        diagnostics.append(Diagnostic(.error, at: location, message))
        errorCount += 1
    }

    mutating func warn(_ message: String, at location: SourceLocation) {
        diagnostics.append(Diagnostic(.warning, at: location, message))
    }

    // MARK: Collections

    /// The entries with known keys; the others are reported.
    mutating func entries<Key: ConfigKey>(
        of node: PlistNode, _ name: String, _: Key.Type
    ) -> [Entry<Key>]? {
        guard let entries = dictionary(node, name) else { return nil }
        return entries.compactMap { entry in
            let key = Key(rawValue: entry.key) ?? unknown(entry, among: entries)
            return key.map {
                Entry(
                    key: $0, name: $0.rawValue, keyLocation: entry.keyLocation, value: entry.value)
            }
        }
    }

    /// The key that a misspelled one stands for, so that its value is read and not missed.
    private mutating func unknown<Key: ConfigKey>(
        _ entry: PlistEntry, among entries: [PlistEntry]
    ) -> Key? {
        let closest = Suggestion.closest(to: entry.key, among: Key.allCases.lazy.map(\.rawValue))
        let cure = closest.map { "; did you mean '\($0)'?" } ?? ""
        error("unknown key \(Diagnostic.quote(entry.key))\(cure)", at: entry.keyLocation)
        guard let closest, !entries.contains(where: { $0.key == closest }) else { return nil }
        return Key(rawValue: closest)
    }

    mutating func dictionary(_ node: PlistNode, _ name: String) -> [PlistEntry]? {
        if case .dictionary(let entries) = node.content { return entries }
        return mismatch(node, "\(name) must be a dictionary")
    }

    mutating func array(_ node: PlistNode, _ name: String) -> [PlistNode]? {
        if case .array(let elements) = node.content { return elements }
        return mismatch(node, "\(name) must be an array")
    }

    // MARK: Strings

    mutating func string(_ node: PlistNode, _ name: @autoclosure () -> String) -> String? {
        text(node, "\(name()) must be a string")
    }

    /// The text of a string.
    private mutating func text(_ node: PlistNode, _ demand: @autoclosure () -> String) -> String? {
        guard case .string(let text) = node.content, !node.isDamaged else {
            return mismatch(node, demand())
        }
        return text
    }

    private mutating func mismatch<Value>(_ node: PlistNode, _ demand: String) -> Value? {
        if !node.isDamaged { error(demand, at: node.location) }
        return nil
    }

    mutating func boolean<Key>(_ entry: Entry<Key>) -> Bool? {
        func demand() -> String { "'\(entry.name)' must be YES or NO" }
        guard let text = text(entry.value, demand()) else { return nil }
        switch text {
        case "YES", "true": return true
        case "NO", "false": return false
        default:
            error("\(demand()), not \(Diagnostic.quote(text))", at: entry.value.location)
            return nil
        }
    }

    /// One of some words.
    mutating func choice<Key, Value>(
        _ entry: Entry<Key>, _ allowed: KeyValuePairs<String, Value>
    ) -> Value? {
        let words = allowed.map(\.key)
        func demand() -> String { "'\(entry.name)' must be \(Self.list(words))" }
        guard let text = text(entry.value, demand()) else { return nil }
        if let match = allowed.first(where: { $0.key == text }) { return match.value }
        unknownValue(text, of: entry, words)
        return nil
    }

    mutating func choice<Key, Value: RawRepresentable<String> & CaseIterable>(
        _ entry: Entry<Key>, _: Value.Type
    ) -> Value? {
        let words = Value.allCases.map(\.rawValue)
        func demand() -> String { "'\(entry.name)' must be \(Self.list(words))" }
        guard let text = text(entry.value, demand()) else { return nil }
        if let value = Value(rawValue: text) { return value }
        unknownValue(text, of: entry, words)
        return nil
    }

    mutating func unknownValue<Key>(_ text: String, of entry: Entry<Key>, _ words: [String]) {
        let cure =
            Suggestion.closest(to: text, among: words).map { "did you mean '\($0)'?" }
            ?? "it is \(Self.list(words))"
        error(
            "unknown value \(Diagnostic.quote(text)) for \(entry.name); \(cure)",
            at: entry.value.location)
    }

    /// `a, b or c`
    static func list(_ words: [String]) -> String {
        words.count < 2
            ? words.joined()
            : words.dropLast().joined(separator: ", ") + " or " + words[words.count - 1]
    }

    // MARK: Numbers

    /// - Parameter words: what may stand in a number's place, for the message; not read here.
    mutating func number<Key, Number: FixedWidthInteger>(
        _ entry: Entry<Key>, _ range: ClosedRange<Number>, or words: [String] = []
    ) -> Number? {
        func demand() -> String {
            let span =
                range.lowerBound == range.upperBound
                ? "\(range.lowerBound)"
                : "a number from \(range.lowerBound) to \(range.upperBound)"
            return "'\(entry.name)' must be \(Self.list(words + [span]))"
        }
        guard let text = text(entry.value, demand()) else { return nil }
        switch NumberText(text) {
        case .number(let number):
            if let value = Number(exactly: number), range.contains(value) { return value }
            error("\(demand()), not \(Diagnostic.quote(text))", at: entry.value.location)
        case .leadingZero:
            error(
                "\(Diagnostic.quote(text)) is ambiguous; write numbers without leading zeros",
                at: entry.value.location)
        case .other:
            error("\(demand()), not \(Diagnostic.quote(text))", at: entry.value.location)
        }
        return nil
    }
}

/// A number as the grammar has it: `[0-9]+` without leading zeros, or `0x…`.
enum NumberText {
    /// Too large a one is `UInt64.max`.
    case number(UInt64)
    case leadingZero
    case other

    init(_ text: String) {
        let digits = text.utf8
        if text.hasPrefix("0x"), digits.count > 2,
            text.unicodeScalars.dropFirst(2).allSatisfy(\.properties.isASCIIHexDigit)
        {
            self = .number(UInt64(text.dropFirst(2), radix: 16) ?? .max)
        } else if !Self.isDecimal(text) {
            self = .other
        } else if digits.count > 1, digits.first == 0x30 {
            self = .leadingZero
        } else {
            self = .number(UInt64(text) ?? .max)
        }
    }

    static func isDecimal(_ text: some StringProtocol) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    }
}
