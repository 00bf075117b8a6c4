import Netlink

@testable import DataPlane

/// Random requests to a kernel, from so few names and numbers that they collide.
struct OperationGenerator {
    var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// A namespace as `unshare -n` makes it, with some veth devices, all down.
    static func emptyHost(interfaces: Int) -> KernelState {
        var state = KernelState()
        state.links = [Link(index: 1, name: "lo", mtu: 65536, flags: 0x8, hardwareType: 772)]
        for number in 0..<interfaces {
            let mac = MACAddress(bits: 0x0216_3E00_0001 + UInt64(number))
            state.links.append(
                Link(index: Int32(10 + number), name: "eth\(number)", mac: mac, kind: "veth"))
        }
        for name in ["all", "default"] + state.links.map(\.name) {
            state.sysctls[.interface(name, "ipv4", "promote_secondaries")] = "0"
            state.sysctls[.interface(name, "ipv6", "disable_ipv6")] = "0"
        }
        for family in AddressFamily.allCases {
            state.rules += [
                Rule(family: family, priority: 0, table: RouteTable.local, protocol: .kernel),
                Rule(family: family, priority: 32766, table: RouteTable.main, protocol: .kernel),
            ]
        }
        state.rules.append(
            Rule(family: .ipv4, priority: 32767, table: RouteTable.default, protocol: .kernel))
        return state
    }

    mutating func operation(on state: KernelState) -> Change.Action? {
        let links = state.links.filter { !$0.isLoopback }
        guard let link = random.one(of: links) else { return nil }
        switch random.number(0...19) {
        case 0...4: return .add(.address(address(on: link)))
        case 5: return random.one(of: state.addresses).map { .remove(.address($0)) }
        case 6...10: return .add(.route(route(through: link, links)))
        case 11: return random.one(of: state.routes).map { .remove(.route($0)) }
        case 12:
            let route = route(through: link, links)
            return .replace(.route(route), with: .route(route))
        case 13...15: return .add(.rule(rule(links)))
        case 16:
            return random.one(of: state.rules.filter { $0.priority < 32766 && $0.priority > 0 })
                .map { .remove(.rule($0)) }
        case 17:
            let up = LinkSetting(interface: link.index, .up(random.chance(80)))
            return .add(.link(up))
        case 18:
            let group = LinkSetting(interface: link.index, .group(random.pick(0, 82)))
            return .add(.link(group))
        default: return setting(of: link)
        }
    }

    mutating func host(_ family: AddressFamily) -> IPAddress {
        let subnet = UInt128(random.number(0...2))
        let host = UInt128(random.number(1...6))
        return family == .ipv4
            ? IPAddress(family: .ipv4, bits: 0x0A00_0000 | subnet << 8 | host)
            : IPAddress(family: .ipv6, bits: 0x2001_0DB8 << 96 | subnet << 64 | host)
    }

    mutating func family() -> AddressFamily { random.pick(.ipv4, .ipv4, .ipv6) }

    private mutating func address(on link: Link) -> InterfaceAddress {
        let family = family()
        let lengths: [UInt8] = family == .ipv4 ? [24, 24, 24, 16, 32] : [64, 64, 64, 48, 128]
        var address = InterfaceAddress(
            interface: link.index, address: host(family),
            prefixLength: random.one(of: lengths) ?? 24)
        if random.chance(30) { address.metric = random.pick(50, 300) }
        if random.chance(10) { address.flags = .noPrefixRoute }
        if family == .ipv6, random.chance(25) { address.preferredLifetime = 0 }
        return address
    }

    private mutating func route(through link: Link, _ links: [Link]) -> Route {
        let family = family()
        var route = Route(
            destination: destination(family), table: random.pick(RouteTable.main, 100, 101),
            protocol: .boot)
        route.metric = random.pick(0, 0, 50, 300)
        if random.chance(12) {
            route.type = random.pick(.unreachable, .blackhole, .prohibit, .throw)
            return route
        }
        if random.chance(10), let other = random.one(of: links.filter { $0.index != link.index }) {
            route.nextHops = [link, other].map {
                NextHop(interface: $0.index, gateway: gateway(family, isOnLink: false))
            }
            return route
        }
        var hop = NextHop(interface: link.index)
        if random.chance(70) {
            hop.isOnLink = random.chance(20)
            hop.gateway = gateway(family, isOnLink: hop.isOnLink)
            if family == .ipv4, random.chance(15), !hop.isOnLink { hop.interface = nil }
        }
        route.scope = hop.gateway == nil && family == .ipv4 ? .link : .global
        route.nextHops = [hop]
        if random.chance(20) { route.preferredSource = host(family) }
        return route
    }

    /// IPv4 takes an address of this host for a gateway, and then sends as if there were none:
    /// not modelled.
    private mutating func gateway(_ family: AddressFamily, isOnLink: Bool) -> IPAddress {
        let gateway = host(family)
        guard family == .ipv4 && !isOnLink else { return gateway }
        return IPAddress(family: family, bits: gateway.bits + 10)
    }

    private mutating func destination(_ family: AddressFamily) -> IPPrefix {
        if random.chance(35) { return .default(family) }
        let lengths: [UInt8] = family == .ipv4 ? [8, 24, 25, 32] : [32, 64, 126, 128]
        return IPPrefix(probe(family), length: random.one(of: lengths) ?? 24)
    }

    /// Something to look up: on a subnet, or far away.
    mutating func probe(_ family: AddressFamily) -> IPAddress {
        if random.chance(60) { return host(family) }
        let far = UInt128(random.number(1...3))
        return family == .ipv4
            ? IPAddress(family: .ipv4, bits: 0x0808_0800 | far)
            : IPAddress(family: .ipv6, bits: 0x2620 << 112 | far)
    }

    private mutating func rule(_ links: [Link]) -> Rule {
        let family = family()
        var rule = Rule(family: family, priority: UInt32(random.number(1...6)) * 1000)
        let lengths: [UInt8] = family == .ipv4 ? [24, 31, 32] : [64, 127, 128]
        if random.chance(70) {
            rule.source = IPPrefix(host(family), length: random.one(of: lengths) ?? 32)
        }
        if random.chance(15) {
            rule.destination = IPPrefix(probe(family), length: random.one(of: lengths) ?? 32)
        }
        if random.chance(20) { rule.incomingInterface = random.pick("lo", "eth0", "eth1") }
        if random.chance(10) { rule.outgoingInterface = random.pick("eth0", "eth1") }
        if random.chance(10) { rule.firewallMark = 7 }
        if rule.firewallMark != nil { rule.firewallMask = random.pick(.max, 0x3) }
        rule.isInverted = random.chance(6)
        if random.chance(10) {
            rule.action = random.pick(.unreachable, .blackhole, .prohibit)
        } else {
            rule.table = random.pick(RouteTable.main, 100, 101)
            if random.chance(30) { rule.suppressPrefixLength = random.pick(0, 24) }
            if random.chance(30) { rule.suppressInterfaceGroup = 82 }
        }
        rule.protocol = random.pick(.boot, RouteProtocol(rawValue: 82))
        return rule
    }

    private mutating func setting(of link: Link) -> Change.Action {
        switch random.number(0...3) {
        case 0:
            return .add(.link(LinkSetting(interface: link.index, .mtu(random.pick(1200, 1500)))))
        case 1:
            return .add(
                .sysctl(
                    SysctlSetting(
                        name: .interface(link.name, "ipv6", "disable_ipv6"),
                        value: random.pick("0", "1"))))
        default:
            return .add(
                .sysctl(
                    SysctlSetting(
                        name: .interface(
                            random.pick("all", link.name), "ipv4", "promote_secondaries"),
                        value: random.pick("0", "1", "1"))))
        }
    }
}

extension OperationGenerator {
    /// A packet that `ip route get` can ask for.
    mutating func packet(on state: KernelState) -> Packet {
        let family = family()
        var packet = Packet(to: probe(family))
        let own = state.addresses.filter { $0.family == family && !$0.address.isLinkLocal }
        switch random.number(0...3) {
        case 0: break
        case 1, 2: packet.source = random.one(of: own)?.address
        default:
            packet.source = probe(family)
            packet.incoming =
                random.one(of: state.links.filter { !$0.isLoopback && $0.isUp })?
                .index
            let isForwarded =
                packet.incoming != nil && !own.contains { $0.address == packet.source }
            if !isForwarded {
                packet.source = nil
                packet.incoming = nil
            }
        }
        if random.chance(15) { packet.mark = 7 }
        if packet.incoming == nil, packet.source == nil || family == .ipv4, random.chance(15) {
            packet.device = random.one(of: state.links.filter { !$0.isLoopback })?.index
        }
        return packet
    }
}
