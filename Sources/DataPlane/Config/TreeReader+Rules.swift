import Netlink
import Plist

extension TreeReader {
    mutating func rules(_ node: PlistNode) -> [RuleConfig] {
        (array(node, "'Rules'") ?? []).flatMap { rule($0) }
    }

    /// One rule a family, none where something is wrong with it.
    private mutating func rule(_ node: PlistNode) -> [RuleConfig] {
        let problems = errorCount
        guard let entries = entries(of: node, "an entry of 'Rules'", RuleKey.self) else {
            return []
        }
        var rule = Rule(family: .ipv4, priority: 0)
        var families: [AddressFamily]?
        var places: [RuleKey: SourceLocation] = [:]
        for entry in entries {
            places[entry.key] = entry.value.location
            read(entry, into: &rule, &families)
        }
        guard errorCount == problems, !node.isDamaged else { return [] }
        check(rule, families, places, at: node.location)
        guard errorCount == problems else { return [] }

        let given = (rule.source ?? rule.destination)?.family
        // The kernel takes a block of all addresses for none at all.
        if rule.source?.isDefault == true { rule.source = nil }
        if rule.destination?.isDefault == true { rule.destination = nil }
        if rule.firewallMask == .max { rule.firewallMask = nil }
        return (families ?? given.map { [$0] } ?? AddressFamily.allCases).map { family in
            rule.family = family
            return RuleConfig(rule: rule, location: node.location)
        }
    }

    private mutating func read(
        _ entry: Entry<RuleKey>, into rule: inout Rule, _ families: inout [AddressFamily]?
    ) {
        switch entry.key {
        case .priority: rule.priority = priority(entry) ?? 0
        case .family:
            families = choice(
                entry,
                [
                    "ipv4": [AddressFamily.ipv4], "ipv6": [.ipv6], "both": AddressFamily.allCases,
                ])
        case .from: rule.source = prefix(entry)
        case .to: rule.destination = prefix(entry)
        case .firewallMark: rule.firewallMark = number(entry, 0...UInt32.max)
        // With a mask of 0 every packet would match.
        case .firewallMask: rule.firewallMask = number(entry, 1...UInt32.max)
        case .incomingInterface:
            rule.incomingInterface = interfaceName(entry.value, "'\(entry.name)'")
        case .outgoingInterface:
            rule.outgoingInterface = interfaceName(entry.value, "'\(entry.name)'")
        case .table:
            switch entry.value.content {
            case .string("main"): rule.table = RouteTable.main
            case .string("default"): rule.table = RouteTable.default
            default: rule.table = number(entry, 1...UInt32.max, or: ["main", "default"]) ?? 0
            }
        case .suppressPrefixLength: rule.suppressPrefixLength = number(entry, 0...128)
        case .suppressInterfaceGroup:
            rule.suppressInterfaceGroup = number(entry, 0...UInt32(Int32.max))
        case .type:
            rule.action =
                choice(
                    entry,
                    [
                        "lookup": RuleAction.lookup, "blackhole": .blackhole,
                        "unreachable": .unreachable, "prohibit": .prohibit,
                    ]) ?? .lookup
        case .invertRule: rule.isInverted = boolean(entry) ?? false
        }
    }

    /// One is the shared rule's, 32766 and 32767 are the kernel's.
    private mutating func priority(_ entry: Entry<RuleKey>) -> UInt32? {
        guard let priority = number(entry, 1...UInt32(32765)) else { return nil }
        guard priority == RulePriority.shared else { return priority }
        error("priority \(priority) is that of rtsetup's shared rule", at: entry.value.location)
        return nil
    }

    private mutating func check(
        _ rule: Rule, _ families: [AddressFamily]?, _ places: [RuleKey: SourceLocation],
        at location: SourceLocation
    ) {
        func place(_ key: RuleKey) -> SourceLocation { places[key] ?? location }
        if places[.priority] == nil { error("a rule needs a Priority", at: location) }
        if let source = rule.source, let destination = rule.destination,
            source.family != destination.family
        {
            error(
                "From is \(source.family) and To is \(destination.family); a rule has one family",
                at: place(.to))
        } else if let prefix = rule.source ?? rule.destination, let families,
            families != [prefix.family]
        {
            error("'\(prefix)' makes this an \(prefix.family) rule", at: place(.family))
        }
        if rule.firewallMask != nil, rule.firewallMark == nil {
            error("'FirewallMask' needs a FirewallMark", at: place(.firewallMask))
        }
        if rule.action == .lookup {
            if places[.table] == nil { error("a rule of Type lookup needs a Table", at: location) }
        } else {
            for key in [RuleKey.table, .suppressPrefixLength, .suppressInterfaceGroup] {
                guard let location = places[key] else { continue }
                error("a rule of this Type looks nothing up, so no \(key.rawValue)", at: location)
            }
        }
        let family = (rule.source ?? rule.destination)?.family
        if let length = rule.suppressPrefixLength, length > 32, (family ?? families?.first) != .ipv6
        {
            error(
                "'SuppressPrefixLength' must be from 0 to 32 for IPv4, not \(length)",
                at: place(.suppressPrefixLength))
        }
    }
}
