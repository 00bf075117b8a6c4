import Netlink

extension Planner {
    /// Rules that are missing, and ours that are no longer wanted. A rule is never replaced.
    mutating func planRules() {
        let there = Set(kernel.rules).subtracting(replacedRules)
        let foreign = Dictionary(
            grouping: kernel.rules.filter { !memory.owns($0) }, by: { $0.marked(.unspecified) })
        var kept: Set<Rule> = []
        for entry in desired.wanted {
            guard case .rule(let rule) = entry.object else { continue }
            kept.insert(rule)
            if there.contains(rule) { continue }
            let twins = foreign[rule.marked(.unspecified)] ?? []
            if !twins.isEmpty, rule.protocol == .kernel || !options.adopt {
                satisfied += twins.map { .rule($0) }
                continue
            }
            add(.rules, entry.object, entry)
            for twin in twins { remove(.ruleRemovals, .rule(twin), of: entry.owner) }
        }
        // A delete reads an absent selector as "any", so the more specific twin goes first.
        let unwanted = kernel.rules.filter {
            memory.owns($0) && !kept.contains($0) && !replacedRules.contains($0)
        }
        let ordered = unwanted.enumerated().sorted { a, b in
            if a.element.priority != b.element.priority {
                return a.element.priority > b.element.priority
            }
            let (x, y) = (a.element.selectorCount, b.element.selectorCount)
            return x == y ? a.offset < b.offset : x > y
        }
        let removals = ordered.map { _, rule in
            Change(.remove(.rule(rule)), owner: owner(of: rule))
        }
        steps[.ruleRemovals] += removals
        steps[.ruleRemovals] = steps[.ruleRemovals].sortedStably {
            guard case .rule(let rule) = $0.object else { return false }
            return rule.priority == RulePriority.shared
        }
    }

    /// The interface whose table a rule leads into.
    private func owner(of rule: Rule) -> InterfaceIndex? {
        if rule.action == .lookup, rule.table != RouteTable.main {
            return kernel.routes.first { $0.table == rule.table && !$0.nextHops.isEmpty }?
                .nextHops.first?.interface
        }
        guard let source = rule.source else { return nil }
        return kernel.addresses.first { source.contains($0.address) }?.interface
    }
}

extension Rule {
    fileprivate var selectorCount: Int {
        let isSet = [
            source != nil, destination != nil, incomingInterface != nil, outgoingInterface != nil,
            firewallMark != nil, firewallMask != nil, suppressPrefixLength != nil,
            suppressInterfaceGroup != nil,
        ]
        return isSet.count { $0 } + otherAttributes.count
    }
}
