import DataPlane
import Netlink

/// A line under an interface's heading: sign, kind, iproute2's words.
enum ChangeLine {
    static func text(_ sign: String, _ kind: String, _ words: String) -> String {
        let padding = String(repeating: " ", count: max(0, "address".utf8.count - kind.utf8.count))
        return "  \(sign) \(kind)\(padding) \(words)"
    }

    /// `+` in green, `~` in yellow, `-` in red.
    static func text(_ change: Change, names: InterfaceNames, isColored: Bool) -> String {
        let (sign, color) =
            switch change.action {
            case .add: ("+", 32)
            case .replace: ("~", 33)
            case .remove: ("-", 31)
            }
        let words = change.description(names: names, under: change.owner)
        let note = change.note.map { " (\($0))" } ?? ""
        let line = text(sign, change.object.kind, words) + note
        return isColored ? "\u{1B}[\(color)m\(line)\u{1B}[0m" : line
    }
}
