import DataPlane
import Netlink
import Plist

/// A line under an interface's heading: sign, kind, iproute2's words.
enum ChangeLine {
    static func text(_ sign: String, _ kind: String, _ words: String) -> String {
        var line: [UInt8] = []
        write(sign, kind, to: &line) { $0.append(words) }
        return String(decoding: line, as: UTF8.self)
    }

    static func text(_ change: Change, names: InterfaceNames, isColored: Bool) -> String {
        var line: [UInt8] = []
        write(change, to: &line, names: names, isColored: isColored)
        return String(decoding: line, as: UTF8.self)
    }

    /// `+` in green, `~` in yellow, `-` in red.
    static func write(
        _ change: Change, to text: inout [UInt8], names: InterfaceNames, isColored: Bool
    ) {
        let (sign, color) =
            switch change.action {
            case .add: ("+", "\u{1B}[32m")
            case .replace: ("~", "\u{1B}[33m")
            case .remove: ("-", "\u{1B}[31m")
            }
        if isColored { text.append(color) }
        write(sign, change.object.kind, to: &text) {
            change.write(to: &$0, names: names, under: change.owner)
        }
        if let note = change.note { text.append(" (\(note))") }
        if isColored { text.append("\u{1B}[0m") }
    }

    private static func write(
        _ sign: String, _ kind: String, to text: inout [UInt8], words: (inout [UInt8]) -> Void
    ) {
        text.append("  ")
        text.append(sign)
        text.append(" ")
        text.append(kind)
        text += repeatElement(
            UInt8(ascii: " "), count: max(1, "address ".utf8.count - kind.utf8.count))
        words(&text)
    }
}
