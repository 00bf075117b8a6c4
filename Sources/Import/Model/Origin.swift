/// Where a line of theirs stands.
public struct Place: Hashable, Sendable {
    /// The path as it was given or found.
    public var file: String
    /// Counted from 1.
    public var line: Int

    public init(file: String, line: Int) {
        self.file = file
        self.line = line
    }
}

extension Place: CustomStringConvertible {
    public var description: String { "\(file):\(line)" }
}

/// Their words, and where they stand.
struct Origin: Hashable, Sendable {
    /// nil: the kernel.
    var place: Place?
    /// Not endless: the place leads to the rest.
    var text: String

    init(_ place: Place?, _ text: String) {
        self.place = place
        self.text = Note.shortened(text)
    }

    /// What a person should know about it.
    func note(_ remark: String) -> Note { Note(place, "\(text): \(remark)") }
}

/// What was not carried over, or a person should know about what was.
public struct Note: Hashable, Sendable {
    /// nil where it is about no one line, or about the kernel.
    public var place: Place?
    public var text: String

    init(_ place: Place?, _ text: String) {
        self.place = place
        self.text = text
    }

    static func shortened(_ text: String) -> String {
        let limit = 200
        guard text.utf8.count > limit, text.count > limit else { return text }
        return text.prefix(limit) + "…"
    }
}

extension Note: CustomStringConvertible {
    public var description: String { (place.map { "\($0): " } ?? "") + text }
}
