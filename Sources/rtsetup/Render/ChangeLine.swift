import DataPlane
import Netlink

/// A line under an interface's heading: sign, kind, iproute2's words.
enum ChangeLine {
    static func text(_ sign: String, _ kind: String, _ words: String) -> String {
        var line = ""
        write(sign, kind, to: &line) { $0 += words }
        return line
    }

    static func text(_ change: Change, names: InterfaceNames, isColored: Bool) -> String {
        var line = ""
        write(change, to: &line, names: names, isColored: isColored)
        return line
    }

    /// `+` in green, `~` in yellow, `-` in red.
    static func write(
        _ change: Change, to text: inout String, names: InterfaceNames, isColored: Bool
    ) {
        let (sign, color) =
            switch change.action {
            case .add: ("+", "\u{1B}[32m")
            case .replace: ("~", "\u{1B}[33m")
            case .remove: ("-", "\u{1B}[31m")
            }
        if isColored { text += color }
        write(sign, change.object.kind, to: &text) {
            change.write(to: &$0, names: names, under: change.owner)
        }
        if let note = change.note { text += " (\(note))" }
        if isColored { text += "\u{1B}[0m" }
    }

    private static func write(
        _ sign: String, _ kind: String, to text: inout String, words: (inout String) -> Void
    ) {
        text += "  "
        text += sign
        text += " "
        text += kind
        text += String(repeating: " ", count: max(1, "address ".utf8.count - kind.utf8.count))
        words(&text)
    }
}
