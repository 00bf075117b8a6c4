import Netlink

extension Planner {
    /// Rules that are missing, and ours that are no longer wanted. A rule is never replaced.
    mutating func planRules() {
        let there = Set(kernel.rules).subtracting(replacedRules)
        let foreign = Dictionary(
            grouping: kernel.rules.filter { !past.owns($0) }, by: { $0.marked(.unspecified) })
        for entry in desired.wanted {
            guard case .rule(let rule) = entry.object else { continue }
            if there.contains(rule) { continue }
            let twins = foreign[rule.marked(.unspecified)] ?? []
            if !twins.isEmpty, rule.protocol == .kernel || !options.adopt { continue }
            add(phase(of: rule, entry), entry.object, entry)
            for twin in twins { remove(.ruleRemovals, .rule(twin), of: entry.owner) }
        }
        // A delete reads an absent selector as "any", so the more specific twin goes first.
        let ordered = unwantedRules.enumerated().sorted { a, b in
            if a.element.priority != b.element.priority {
                return a.element.priority > b.element.priority
            }
            let (x, y) = (a.element.selectorCount, b.element.selectorCount)
            return x == y ? a.offset < b.offset : x > y
        }
        lazy var owners = RuleOwners(detourRoutes + kernel.routes, kernel.addresses)
        for (_, rule) in ordered {
            let isLate = lateRules.contains(rule) || rule.priority == RulePriority.shared
            remove(isLate ? .lateRuleRemovals : .ruleRemovals, .rule(rule), of: owners[rule])
        }
        steps[.lateRuleRemovals] = steps[.lateRuleRemovals].sortedStably {
            guard case .rule(let rule) = $0.object else { return false }
            return rule.priority == RulePriority.shared
        }
    }

    private func phase(of rule: Rule, _ entry: DesiredState.Wanted) -> Phase {
        if rule.protocol == .kernel { return .settledRules }
        guard let owner = entry.owner else {
            let isShared = rule.priority == RulePriority.shared
            return isShared && settled.contains { $0.family == rule.family }
                ? .settledRules : .rules
        }
        return settled.contains(SettledPath(interface: owner, family: rule.family))
            ? .settledRules : .rules
    }

    /// Before routes and rules are planned: which rules go, and when.
    mutating func findUnwantedRules() {
        let kept = rulesOfAbsentInterfaces()
        unwantedRules = kernel.rules.filter {
            past.owns($0) && !desired.wants($0) && !replacedRules.contains($0)
                && !kept.contains($0)
        }
        unwantedRules += detourRules
        guard !unwantedRules.isEmpty else { return }
        let givenToMain = kernel.addresses.filter { address in
            stays(address)
                && !desired.paths.contains { $0.prefixes.overlap(.host(address.address)) }
        }.map(\.address).sorted()
        lateRules = Set(
            unwantedRules.filter { rule in
                guard let source = rule.source else { return false }
                return !givenToMain.within(source).isEmpty
            })
    }

    /// Whether an address is there after the plan as it was before.
    func stays(_ address: InterfaceAddress) -> Bool {
        !past.owns(address) || desired.wants(address.identity)
            || desired.released.contains(address.interface)
    }
}

/// The interface under which a rule that goes is shown.
private struct RuleOwners {
    private var tables: [UInt32: InterfaceIndex] = [:]
    private let addresses: [InterfaceAddress]

    init(_ routes: [Route], _ addresses: [InterfaceAddress]) {
        for route in routes where tables[route.table] == nil {
            tables[route.table] = route.nextHops.first?.interface
        }
        self.addresses = addresses.sorted { $0.address < $1.address }
    }

    /// That whose table it leads into; else that whose address is its source.
    subscript(rule: Rule) -> InterfaceIndex? {
        if rule.action == .lookup, rule.table != RouteTable.main {
            return tables[rule.table]
        }
        guard let source = rule.source else { return nil }
        let start = addresses.partitionPoint { $0.address < source.address }
        guard let first = addresses[start...].first, source.contains(first.address) else {
            return nil
        }
        return first.interface
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
