import Netlink

@testable import DataPlane

/// The kernel's route lookup: fib_rules_lookup over fib_table_lookup (IPv4) and fib6_table_lookup.
extension KernelState {
    /// Where a packet goes.
    func lookup(_ packet: Packet) -> Fate {
        let outcome = resolve(packet).outcome
        // ip_route_output_key: with a device the routes are only advice.
        guard let device = packet.device, packet.incoming == nil,
            packet.destination.family == .ipv4
        else { return outcome }
        guard isUp(device) else { return .rejected(.network) }
        if case .rejected = outcome { return .out([Exit(interface: device)]) }
        return outcome
    }

    /// Where it goes, and by which route.
    func resolve(_ packet: Packet) -> (outcome: Fate, match: Match?) {
        for rule in rules where rule.family == packet.destination.family {
            guard matches(rule, packet) else { continue }
            switch rule.action {
            case .unreachable: return (.rejected(.network), nil)
            case .blackhole: return (.rejected(.blackhole), nil)
            case .prohibit: return (.rejected(.prohibited), nil)
            case .lookup: break
            default: continue
            }
            if rule.table == RouteTable.local {
                guard isLocal(packet.destination, device: packet.device) else { continue }
                return (.local, nil)
            }
            guard let match = match(packet, in: rule.table) else { continue }
            if let outcome = match.rejection { return (outcome, match) }
            if suppresses(rule, match) { continue }
            return (match.outcome, match)
        }
        return (.rejected(.network), nil)
    }

    /// fib_rule_match, with fib4_rule_match or fib6_rule_match.
    private func matches(_ rule: Rule, _ packet: Packet) -> Bool {
        func selects() -> Bool {
            // loopback is interface 1 in every namespace
            let incoming = packet.incoming ?? 1
            if let name = rule.incomingInterface, link(named: name)?.index != incoming {
                return false
            }
            if let name = rule.outgoingInterface {
                guard let device = packet.device, link(named: name)?.index == device
                else { return false }
            }
            if let mark = rule.firewallMark, (mark ^ packet.mark) & (rule.firewallMask ?? .max) != 0
            {
                return false
            }
            if let prefix = rule.source {
                guard let source = packet.source, prefix.contains(source) else { return false }
            }
            if let prefix = rule.destination, !prefix.contains(packet.destination) { return false }
            return rule.typeOfService == 0
        }
        return selects() != rule.isInverted
    }

    /// fib4_rule_suppress and fib6_rule_suppress.
    private func suppresses(_ rule: Rule, _ match: Match) -> Bool {
        if let length = rule.suppressPrefixLength, match.route.destination.length <= length {
            return true
        }
        guard let group = rule.suppressInterfaceGroup,
            // IPv4 judges a multipath route by its first hop, dead or alive.
            let interface = match.route.nextHops.first?.interface
        else { return false }
        return link(interface)?.group == group
    }
}
