import Plist

/// A file of `KEY=value` lines, as shells and their kin read it, and nothing of it evaluated.
struct Assignments {
    struct Entry {
        var key: String
        var value: String
        var place: Place
        var isUsed = false

        var origin: Origin { Origin(place, "\(key)=\(value)") }
    }

    private(set) var entries: [Entry] = []
    private var indices: [String: Int] = [:]
    /// Lines that are no assignments, or need a shell.
    private(set) var notes: [Note] = []

    /// An assignment that a file makes twice has its last value.
    init(_ source: SourceText) {
        var lines = Line.all(of: source)[...]
        while var line = lines.popFirst() {
            let (first, rest) = (line.trimmed, lines)
            guard let (key, start) = Self.key(of: line.text) else {
                let text = line.trimmed
                if !text.isEmpty, !text.hasPrefix("#") {
                    notes.append(Origin(line.place, text).note("not understood"))
                }
                continue
            }
            var isOpen = true
            // A quote may go on over some lines.
            var further = 0
            while isOpen {
                let text = line.text[start...].drop { $0 == "=" }
                do throws(ShellWords.Problem) {
                    if let value = try ShellWords.value(of: String(text)) {
                        set(key, value, line.place)
                    } else {
                        notes.append(Origin(line.place, first).note("not understood"))
                    }
                    isOpen = false
                } catch {
                    if error == .openQuote, further < 64, let next = lines.popFirst() {
                        further += 1
                        line.text += "\n" + next.text
                    } else {
                        notes.append(Origin(line.place, first).note(error.reason))
                        // What seems to stand between quotes may be lines like others.
                        lines = rest
                        isOpen = false
                    }
                }
            }
        }
    }

    /// `KEY` of `KEY=…` or `export KEY=…`, and where its `=` stands.
    private static func key(of line: String) -> (String, String.Index)? {
        guard let equals = line.firstIndex(of: "=") else { return nil }
        var key = line[..<equals].trimmed
        if key.hasPrefix("export ") { key = key.dropFirst(7).trimmed }
        let isName =
            !key.isEmpty
            && key.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || $0 == 0x5F
            }
        return isName && line[line.startIndex..<equals].last != " " ? (key, equals) : nil
    }

    private mutating func set(_ key: String, _ value: String, _ place: Place) {
        let entry = Entry(key: key, value: value, place: place)
        if let index = indices[key] {
            entries[index] = entry
        } else {
            indices[key] = entries.count
            entries.append(entry)
        }
    }

    // MARK: Use

    /// The value of a key, which is read by that; nil where it is missing or empty.
    mutating func take(_ key: String) -> (value: String, origin: Origin)? {
        guard let index = indices[key] else { return nil }
        entries[index].isUsed = true
        let entry = entries[index]
        return entry.value.isEmpty ? nil : (entry.value, entry.origin)
    }

    func has(_ key: String) -> Bool { indices[key].map { !entries[$0].value.isEmpty } ?? false }

    /// `yes`, `true`, `1` …; nil where the key is missing.
    mutating func takeFlag(_ key: String) -> Bool? {
        guard let (value, _) = take(key) else { return nil }
        switch value.lowercased() {
        case "yes", "y", "true", "t", "1", "on": return true
        default: return false
        }
    }

    /// The keys that begin with a word, without it: `0` of `IPADDR0`.
    func suffixes(of word: String) -> [String] {
        entries.compactMap { $0.key.hasPrefix(word) ? String($0.key.dropFirst(word.count)) : nil }
    }

    /// What nobody has read; it is read by that.
    mutating func takeRest() -> [Entry] {
        let rest = entries.filter { !$0.isUsed && !$0.value.isEmpty }
        for index in entries.indices { entries[index].isUsed = true }
        return rest
    }
}
