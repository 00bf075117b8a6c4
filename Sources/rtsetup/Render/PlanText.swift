import DataPlane
import Netlink
import Plist

/// A plan for people: one line a change in iproute2's words, under the interface it is about.
struct PlanText {
    var changes: [Change]
    var links: [Link]
    var isColored: Bool

    var text: String {
        guard !changes.isEmpty else { return "Nothing to do.\n" }
        let names = InterfaceNames(of: links)
        var text: [UInt8] = []
        // `host` first, then the interfaces in the kernel's order, each change where the plan has it.
        let byOwner = Dictionary(grouping: changes.indices) { changes[$0].owner }
        for (owner, indices) in byOwner.sorted(by: { ($0.key ?? 0) < ($1.key ?? 0) }) {
            text.append("\(heading(owner, names))\n")
            for index in indices {
                ChangeLine.write(changes[index], to: &text, names: names, isColored: isColored)
                text.append("\n")
            }
        }
        text.append("Plan: \(PlanSummary(changes).text).\n")
        return String(decoding: text, as: UTF8.self)
    }

    private func heading(_ owner: InterfaceIndex?, _ names: InterfaceNames) -> String {
        guard let owner else { return "host" }
        let mac = links.first { $0.index == owner }?.identifyingMAC
        return names.name(of: owner) + (mac.map { "  \($0)" } ?? "")
    }
}
