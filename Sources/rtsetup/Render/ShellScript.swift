import DataPlane
import Netlink
import Plist

/// A plan as a POSIX shell script that would do the same, but for the undo.
struct ShellScript {
    var changes: [Change]
    var links: [Link]

    var text: String {
        let names = InterfaceNames(of: links)
        let header = [
            "#!/bin/sh",
            "# What rtsetup \(Version.current) would do, without its undo.",
            "# Addresses go unmarked: iproute2 knows their protocol only since 6.3.",
            "set -eu",
        ]
        let body = changes.isEmpty ? ["# Nothing to do."] : changes.flatMap { lines($0, names) }
        return (header + body).map { $0 + "\n" }.joined()
    }

    private func lines(_ change: Change, _ names: InterfaceNames) -> [String] {
        let remark =
            if change.isSideEffect {
                "the kernel does this by itself"
            } else if change.isMarkOfAddress {
                "the mark alone"
            } else {
                String?.none
            }
        guard let remark else { return change.commands(names: names) }
        let words = change.description(names: names)
        let note = change.note.map { ", \($0)" } ?? ""
        return ["# \(change.verb) \(change.object.kind) \(words) (\(remark)\(note))"]
    }
}

extension Change {
    fileprivate var isMarkOfAddress: Bool {
        guard case .replace(.address(var old), with: .address(let new)) = action else {
            return false
        }
        old.protocol = new.protocol
        return old == new
    }
}
