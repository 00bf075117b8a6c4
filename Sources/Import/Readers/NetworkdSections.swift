import Plist

/// The sections of a systemd unit file and its drop-ins, one after another.
struct NetworkdSections {
    struct Entry {
        var key: String
        var value: String
        var place: Place
        var origin: Origin { Origin(place, "\(key)=\(value)") }
    }

    struct Section {
        var name: String
        var place: Place
        var entries: [Entry] = []

        /// The last value; an empty one takes it back.
        func last(_ key: String) -> Entry? {
            entries.last { $0.key == key }.flatMap { $0.value.isEmpty ? nil : $0 }
        }
    }

    private(set) var sections: [Section] = []
    private(set) var notes: [Note] = []

    init(_ sources: [SourceText]) {
        for source in sources { read(source) }
    }

    private mutating func read(_ source: SourceText) {
        var isInside = false
        for line in Line.all(of: source, continued: true) {
            let text = line.trimmed
            guard let first = text.first, first != "#", first != ";" else { continue }
            if first == "[", text.hasSuffix("]") {
                sections.append(
                    Section(name: String(text.dropFirst().dropLast()), place: line.place))
                isInside = true
            } else if isInside, let equals = text.firstIndex(of: "="), equals != text.startIndex {
                sections[sections.count - 1].entries.append(
                    Entry(
                        key: text[..<equals].trimmed,
                        value: Self.unquoted(text[equals...].dropFirst().trimmed),
                        place: line.place))
            } else {
                notes.append(Origin(line.place, text).note("not understood"))
            }
        }
    }

    private static func unquoted(_ text: String) -> String {
        guard text.count > 1, let quote = text.first, quote == "\"" || quote == "'",
            text.last == quote
        else { return text }
        return String(text.dropFirst().dropLast())
    }

    /// Every section of a name, those of drop-ins last.
    func all(_ name: String) -> [Section] { sections.filter { $0.name == name } }

    /// What all sections of a name say together.
    func entries(_ name: String) -> [Entry] { all(name).flatMap(\.entries) }

    /// A list key: an empty assignment takes back what was said before.
    func list(_ name: String, _ key: String) -> [Entry] {
        entries(name).reduce(into: []) { list, entry in
            guard entry.key == key else { return }
            if entry.value.isEmpty { list = [] } else { list.append(entry) }
        }
    }

    func last(_ name: String, _ key: String) -> Entry? {
        entries(name).last { $0.key == key }.flatMap { $0.value.isEmpty ? nil : $0 }
    }
}

extension NetworkdSections.Entry {
    /// systemd's booleans; nil for other words.
    var flag: Bool? {
        switch value.lowercased() {
        case "yes", "y", "true", "t", "1", "on": true
        case "no", "n", "false", "f", "0", "off": false
        default: nil
        }
    }
}
