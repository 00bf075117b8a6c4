import DataPlane
import Netlink

/// A plan for people: one line a change in iproute2's words, under the interface it is about.
struct PlanText {
    var changes: [Change]
    var links: [Link]
    var isColored: Bool

    var text: String {
        guard !changes.isEmpty else { return "Nothing to do.\n" }
        return sections.joined() + "Plan: \(PlanSummary(changes).text).\n"
    }

    /// `host` first, then the interfaces in the kernel's order, each change where the plan has it.
    private var sections: [String] {
        let names = InterfaceNames(of: links)
        let byOwner = Dictionary(grouping: changes, by: \.owner)
        return byOwner.keys.sorted { ($0 ?? 0) < ($1 ?? 0) }.map { owner in
            let lines = (byOwner[owner] ?? []).map { line($0, names) }
            return ([heading(owner, names)] + lines).map { $0 + "\n" }.joined()
        }
    }

    private func heading(_ owner: InterfaceIndex?, _ names: InterfaceNames) -> String {
        guard let owner else { return "host" }
        let mac = links.first { $0.index == owner }?.identifyingMAC
        return names.name(of: owner) + (mac.map { "  \($0)" } ?? "")
    }

    private func line(_ change: Change, _ names: InterfaceNames) -> String {
        let kind = change.object.kind
        let padding = String(repeating: " ", count: max(0, "address".count - kind.count))
        let note = change.note.map { " (\($0))" } ?? ""
        let words = change.description(names: names, under: change.owner)
        return color("  \(change.sign) \(kind)\(padding) \(words)\(note)", change)
    }

    private func color(_ line: String, _ change: Change) -> String {
        guard isColored else { return line }
        let code =
            switch change.action {
            case .add: 32
            case .replace: 33
            case .remove: 31
            }
        return "\u{1B}[\(code)m\(line)\u{1B}[0m"
    }
}

extension Change {
    fileprivate var sign: String {
        switch action {
        case .add: "+"
        case .replace: "~"
        case .remove: "-"
        }
    }
}

/// How many changes of each kind a plan has.
struct PlanSummary {
    private(set) var added = 0
    private(set) var changed = 0
    private(set) var removed = 0

    init(_ changes: [Change]) {
        for change in changes {
            switch change.action {
            case .add: added += 1
            case .replace: changed += 1
            case .remove: removed += 1
            }
        }
    }

    var text: String { "\(added) to add, \(changed) to change, \(removed) to remove" }

    var json: JSON {
        .object(["add": .number(added), "change": .number(changed), "remove": .number(removed)])
    }
}
