/// A piece of the file in the making: an entry of a dictionary, an element of an array, or a
/// comment, each with the words of theirs that it comes from.
struct Piece: Hashable {
    indirect enum Content: Hashable {
        case comment(String)
        case string(String)
        case array([Piece])
        case dictionary([Piece])
    }

    /// nil for elements and comments.
    var key: String?
    var content: Content
    var origin: Origin?

    static func comment(_ text: String) -> Piece { Piece(content: .comment(text)) }

    static func comment(_ note: Note) -> Piece { .comment("\(note)") }

    static func string(_ key: String? = nil, _ value: String, _ origin: Origin? = nil) -> Piece {
        Piece(key: key, content: .string(value), origin: origin)
    }

    static func array(
        _ key: String? = nil, _ elements: [Piece], _ origin: Origin? = nil
    ) -> Piece {
        Piece(key: key, content: .array(elements), origin: origin)
    }

    static func dictionary(
        _ key: String? = nil, _ entries: [Piece], _ origin: Origin? = nil
    ) -> Piece {
        Piece(key: key, content: .dictionary(entries), origin: origin)
    }

    var isComment: Bool { if case .comment = content { true } else { false } }

    /// What an array or a dictionary holds.
    var children: [Piece] {
        get {
            switch content {
            case .array(let pieces), .dictionary(let pieces): pieces
            case .comment, .string: []
            }
        }
        set {
            switch content {
            case .array: content = .array(newValue)
            case .dictionary: content = .dictionary(newValue)
            case .comment, .string: break
            }
        }
    }

    /// Whether it holds nothing but comments.
    var isEmpty: Bool { children.allSatisfy(\.isComment) }
}
