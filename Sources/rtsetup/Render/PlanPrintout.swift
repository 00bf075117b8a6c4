import DataPlane
import Netlink
import Plist

/// A plan in each of the three formats.
struct PlanPrintout {
    private let changes: [Change]
    private let links: [Link]
    private let floating: [FloatingAddress]

    init(_ plan: Plan, links: [Link], floating: [FloatingAddress] = []) {
        changes = plan.changes
        self.links = links
        self.floating = floating
    }

    func text(isColored: Bool) -> String {
        PlanText(changes: changes, links: links, isColored: isColored).text
    }

    var script: String { ShellScript(changes: changes, links: links).text }

    func json(_ warnings: [Diagnostic]) -> JSON { .object(members(warnings)) }

    /// What `plan` and `apply` share.
    func members(_ warnings: [Diagnostic]) -> [(key: String, value: JSON?)] {
        let names = InterfaceNames(of: links)
        return [
            ("version", .integer(1)),
            ("changes", .array(changes.map { $0.json(names: names) })),
            ("summary", PlanSummary(changes).json),
            ("warnings", .array(warnings.map(\.json))),
            ("bindings", floating.isEmpty ? nil : .array(floating.map(\.json))),
        ]
    }
}
