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
            let lines = (byOwner[owner] ?? []).map {
                ChangeLine.text($0, names: names, isColored: isColored)
            }
            return ([heading(owner, names)] + lines).map { $0 + "\n" }.joined()
        }
    }

    private func heading(_ owner: InterfaceIndex?, _ names: InterfaceNames) -> String {
        guard let owner else { return "host" }
        let mac = links.first { $0.index == owner }?.identifyingMAC
        return names.name(of: owner) + (mac.map { "  \($0)" } ?? "")
    }
}
