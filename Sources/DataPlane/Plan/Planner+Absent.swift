import Netlink

extension Planner {
    /// The rules of interfaces that were here and are gone, where their sources fail closed.
    ///
    /// They stay: whatever still has such a source, and the interface itself when it comes back
    /// before anybody looks, must not follow main's default. An interface that never came has none.
    func rulesOfAbsentInterfaces() -> Set<Rule> {
        let absent = desired.interfaces.filter { config, link, _ in
            link == nil && config.isManaged && config.activationPolicy != .down
                && config.failClosed?.value != false
        }.map { config, _, table in
            (config, table, addresses: config.addresses.map(\.address).sorted())
        }
        guard !absent.isEmpty else { return [] }
        let there = kernel.addresses.map(\.address).sorted()
        let leadingRules = Dictionary(
            grouping: kernel.rules.filter { past.owns($0) && $0.action == .lookup }, by: \.source)
        var kept: Set<Rule> = []
        for closing in kernel.rules {
            guard past.owns(closing), closing.priority == RulePriority.failClosed,
                closing.action == .unreachable, let source = closing.source,
                // No interface that is here has or will have an address in it.
                there.within(source).isEmpty,
                !desired.paths.contains(where: { $0.prefixes.overlap(source) })
            else { continue }
            for (config, table, addresses) in absent {
                let isListed = !addresses.within(source).isEmpty
                let leading = leadingRules[source]?.first {
                    $0.priority == config.rulePriority
                        && $0.incomingInterface == closing.incomingInterface
                        && (isListed || config.addressing == .external && $0.table == table)
                }
                if let leading { kept.formUnion([leading, closing]) }
            }
        }
        return kept
    }
}
