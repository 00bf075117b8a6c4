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
        }
        guard !absent.isEmpty else { return [] }
        var kept: Set<Rule> = []
        for closing in kernel.rules {
            guard past.owns(closing), closing.priority == RulePriority.failClosed,
                closing.action == .unreachable, let source = closing.source, isNobodys(source)
            else { continue }
            for (config, _, table) in absent {
                let isListed = config.addresses.contains { source.contains($0.address) }
                let leading = kernel.rules.first {
                    past.owns($0) && $0.source == source && $0.action == .lookup
                        && $0.priority == config.rulePriority
                        && $0.incomingInterface == closing.incomingInterface
                        && (isListed || config.addressing == .external && $0.table == table)
                }
                if let leading { kept.formUnion([leading, closing]) }
            }
        }
        return kept
    }

    /// Whether no interface that is here has or will have an address in it.
    private func isNobodys(_ source: IPPrefix) -> Bool {
        !kernel.addresses.contains { source.contains($0.address) }
            && !desired.paths.contains { path in
                path.prefixes.contains { $0.contains(source) || source.contains($0) }
            }
    }
}
