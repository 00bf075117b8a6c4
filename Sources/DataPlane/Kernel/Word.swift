import Plist

/// A word of iproute2's language, with its value where it has one.
package struct Word: Hashable, Sendable {
    package enum Form: Hashable, Sendable {
        /// `table 1001`
        case pair
        /// `10.0.0.30/24`: the value stands alone.
        case value
        /// `onlink`: the key stands alone.
        case flag
    }

    /// Who wants to read it.
    package enum Weight: Hashable, Sendable {
        /// Everybody.
        case said
        /// A command needs it; in a plan it is noise unless it changes.
        case detail
        /// What iproute2 and the kernel assume without it.
        case assumed
    }

    package var key: String
    package var value: String
    package var form: Form
    package var weight: Weight

    package static func pair(_ key: String, _ value: String, _ weight: Weight = .said) -> Word {
        Word(key: key, value: value, form: .pair, weight: weight)
    }

    package static func value(_ key: String, _ value: String, _ weight: Weight = .said) -> Word {
        Word(key: key, value: value, form: .value, weight: weight)
    }

    package static func flag(_ key: String, _ weight: Weight = .said) -> Word {
        Word(key: key, value: "on", form: .flag, weight: weight)
    }

    package var text: String {
        switch form {
        case .pair: "\(key) \(value)"
        case .value: value
        case .flag: key
        }
    }

    /// `mtu 1500 -> 9001`; a side that lacks the word reads `none`, or `off` for a flag.
    static func change(from old: Word?, to new: Word?) -> String? {
        guard let word = new ?? old else { return nil }
        guard old?.value != new?.value else { return word.weight == .said ? word.text : nil }
        let absent = word.form == .flag ? "off" : "none"
        let values = "\(old?.value ?? absent) -> \(new?.value ?? absent)"
        return word.form == .value ? values : "\(word.key) \(values)"
    }
}

extension [Word] {
    /// What people read.
    package var text: String {
        var text: [UInt8] = []
        write(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// What an `ip` command needs to mean the same object.
    package var command: String {
        filter { $0.weight != .assumed }.map(\.text).joined(separator: " ")
    }

    /// Appends what people read, as bytes: a plan has a line for each of its thousands of changes.
    func write(to text: inout [UInt8]) {
        var isFirst = true
        for word in self where word.weight == .said {
            if !isFirst { text.append(" ") }
            isFirst = false
            if word.form != .value { text.append(word.key) }
            if word.form == .pair { text.append(" ") }
            if word.form != .flag { text.append(word.value) }
        }
    }

    /// What people read of a change in place: what stays, and both sides of what does not.
    func text(changedFrom old: [Word]) -> String {
        let kept = map { word in Word.change(from: old.first { $0.key == word.key }, to: word) }
        let gone = old.filter { word in !contains { $0.key == word.key } }
            .map { Word.change(from: $0, to: nil) }
        return (kept + gone).reduce(into: "") { text, words in
            guard let words else { return }
            if !text.isEmpty { text += " " }
            text += words
        }
    }
}
