import Netlink
import Plist

extension DesiredState {
    /// Everything on this host that stands in the way (a conflict) or past the law (a warning).
    mutating func check(
        _ config: Config, _ host: Host, _ addresses: FinalAddresses, kernel: KernelState,
        memory: Memory
    ) {
        let names = InterfaceNames(of: kernel.links)
        checkGroups(config, addresses, memory)
        checkUnmanagedNeighbours(config, host, addresses)
        checkRules(config, addresses, kernel, memory)
        checkMetrics(addresses, kernel: kernel, memory: memory)
        checkMain(addresses, names, kernel: kernel, memory: memory)
        checkTables(names, kernel: kernel, memory: memory)
        checkAddresses(addresses, kernel: kernel, memory: memory)
        checkDuplicates(addresses)
        checkReversePath(config, addresses, kernel)
        checkGateways(addresses)
        let everyIPv6 = SysctlName.interface("all", "ipv6", "disable_ipv6")
        if let off = config.sysctls.first(where: { $0.name == everyIPv6 && $0.value != "0" }),
            kernel.sysctls[everyIPv6] == "0",
            let interface = addresses.managed.first(where: {
                $0.ownAddresses.contains { $0.address.family == .ipv6 }
            })
        {
            conflict(
                off.location,
                "\(everyIPv6) = \(off.value) takes the IPv6 addresses of every interface, those of "
                    + "\(interface.link.name) too; write IPv6 = disabled where it is meant")
        }
        if !kernel.hasIPv6 {
            for interface in addresses.managed {
                for entry in interface.config.addresses where entry.address.family == .ipv6 {
                    conflict(entry.location, "this kernel has no IPv6")
                }
            }
        }
    }

    private mutating func checkGroups(
        _ config: Config, _ addresses: FinalAddresses, _ memory: Memory
    ) {
        for interface in addresses.managed where interface.config.activationPolicy != .down {
            let group = interface.link.group
            guard group != 0, group != config.linkGroup else { continue }
            let now = LinkSetting(interface: interface.index, .group(group))
            if memory.settings[now.identity]?.ours == .link(now) { continue }
            conflict(
                interface.config.location,
                "\(interface.link.name) is in group \(group) already; if that is every ENI's, "
                    + "write LinkGroup = \(group); else: "
                    + "ip link set dev \(interface.link.name) group default")
        }
    }

    private mutating func checkUnmanagedNeighbours(
        _ config: Config, _ host: Host, _ addresses: FinalAddresses
    ) {
        let handsOff = host.entries.compactMap { $0.config.isManaged ? nil : $0.link }
        let hasPrimary = config.interfaces.contains(where: \.isPrimary)
        for link in host.unlisted + handsOff where !link.isLoopback {
            let held = addresses.held(by: link.index).filter(\.isGlobal)
            guard !held.isEmpty else { continue }
            for interface in addresses.managed {
                guard
                    let (mine, theirs) = interface.addresses.firstPair(sharingSubnetWith: held)
                else { continue }
                if handsOff.contains(where: { $0.index == link.index }) {
                    warn(
                        interface.config.location,
                        "\(link.name) (Managed = NO) has \(theirs.address) in the subnet "
                            + "\(mine.subnet) of \(interface.link.name)")
                    continue
                }
                let primary = hasPrimary ? "" : "Primary = YES; "
                conflict(
                    interface.config.location,
                    "\(link.name) is not in the file, but has \(theirs.address) in the subnet "
                        + "\(mine.subnet) of \(interface.link.name); add "
                        + "{ Name = \(link.name); \(primary)Addressing = external; }")
                break
            }
        }
    }

    private mutating func checkRules(
        _ config: Config, _ addresses: FinalAddresses, _ kernel: KernelState, _ memory: Memory
    ) {
        let priorities = Set(
            wanted.compactMap { entry -> UInt32? in
                guard case .rule(let rule) = entry.object, rule.protocol != .kernel else {
                    return nil
                }
                return rule.priority
            })
        for rule in kernel.rules where !memory.owns(rule) && !wants(rule.identity) {
            let sources = addresses.managed.flatMap { $0.globalAddresses(rule.family) }
                .map(\.address)
            guard rule.mayMatchLocally(anyOf: sources) else { continue }
            let words = KernelObject.rule(rule).description(names: InterfaceNames(of: []))
            if priorities.contains(rule.priority) {
                conflict(
                    nil,
                    "a foreign rule stands at a priority of ours: \(words); remove it: "
                        + rule.deleteCommand)
            } else if rule.priority > 0, rule.priority < RulePriority.shared, rule.catchesAll {
                warn(
                    nil,
                    "a foreign rule comes before ours and catches an ENI's source: \(words)")
            }
        }
    }

    private mutating func checkMetrics(
        _ addresses: FinalAddresses, kernel: KernelState, memory: Memory
    ) {
        guard let primary = addresses.managed.first(where: { $0.config.isPrimary }) else { return }
        let defaults = mainDefaults()
        for family in AddressFamily.allCases {
            let found = primary.autoDefault(family, kernel: kernel, memory: memory)?
                .effectiveMetric
            let planned = defaults.filter {
                $0.family == family && $0.interface == primary.index
            }.map(\.metric).min()
            guard let best = [found, planned].compactMap({ $0 }).min() else { continue }
            for other in defaults
            where other.family == family && other.interface != primary.index
                && other.metric <= best
            {
                let name = kernel.links.first { $0.index == other.interface }?.name ?? ""
                conflict(
                    other.origin,
                    "the \(family) default route of \(name) (metric \(other.metric)) would "
                        + (other.metric == best ? "equal" : "beat")
                        + " that of the primary \(primary.link.name) (metric \(best)); "
                        + "write a larger RouteMetric, or none")
            }
        }
    }

    private struct MainDefault {
        var family: AddressFamily
        var interface: InterfaceIndex
        var metric: UInt32
        var origin: SourceLocation?
    }

    /// The default routes that the plan wants in main.
    private func mainDefaults() -> [MainDefault] {
        wanted.compactMap { entry in
            guard case .route(let route) = entry.object, route.table == RouteTable.main,
                route.destination.isDefault, let interface = route.nextHops.first?.interface
            else { return nil }
            return MainDefault(
                family: route.family, interface: interface, metric: route.effectiveMetric,
                origin: entry.origin)
        }
    }

    private mutating func checkMain(
        _ addresses: FinalAddresses, _ names: InterfaceNames, kernel: KernelState,
        memory: Memory
    ) {
        let managed = Set(addresses.managed.map(\.index))
        let primary = addresses.managed.first { $0.config.isPrimary }
        let foreign = kernel.routes.filter {
            $0.table == RouteTable.main && !memory.owns($0)
        }
        for route in foreign {
            func words() -> String { KernelObject.route(route).description(names: names) }
            let hops = Set(route.nextHops.compactMap(\.interface))
            // The kernel's own last resort of IPv6 is no decision of anybody.
            let isLastResort = route.metric == .max
            if route.destination.isDefault, route.isReject, !isLastResort {
                warn(nil, "main has \(words()): it ends every lookup that reaches main")
            } else if (1...3).contains(route.destination.length),
                kernel.links.contains(where: { hops.contains($0.index) && $0.isTunnel })
            {
                warn(
                    nil,
                    "\(words()) in main takes more than the tunnel's own traffic past the ENIs' "
                        + "tables; the cure is MainRoutes = ignore")
            } else if hops.count > 1, !hops.isSubset(of: managed), !hops.isDisjoint(with: managed) {
                warn(
                    nil,
                    "\(words()) in main mixes ENIs and others; the cure is MainRoutes = ignore")
            }
        }
        guard let primary else { return }
        let planned = mainDefaults()
        for family in AddressFamily.allCases where !primary.globalAddresses(family).isEmpty {
            let theirs = foreign.filter {
                $0.family == family && $0.destination.isDefault && $0.type == .unicast
            }.compactMap { route in
                route.nextHops.first?.interface.map { ($0, route.effectiveMetric) }
            }
            let ours = planned.filter { $0.family == family }.map { ($0.interface, $0.metric) }
            let all = theirs + ours
            guard let best = all.min(by: { $0.1 < $1.1 }), best.0 != primary.index,
                managed.contains(best.0)
            else { continue }
            warn(
                primary.config.location,
                "main's best \(family) default route is on \(names.name(of: best.0)), not on the "
                    + "primary \(primary.link.name) (a DHCP client without DEFROUTE=no?)")
        }
    }

    private mutating func checkTables(
        _ names: InterfaceNames, kernel: KernelState, memory: Memory
    ) {
        let tables = Set(paths.map(\.table))
        for route in kernel.routes
        where tables.contains(route.table) && !memory.owns(route)
            && !wants(route.identity)
        {
            warn(
                nil,
                "a foreign route is in a table of ours: "
                    + KernelObject.route(route).description(names: names))
        }
    }

    private mutating func checkAddresses(
        _ addresses: FinalAddresses, kernel: KernelState, memory: Memory
    ) {
        for interface in addresses.managed
        where interface.config.addressing == .static
            && interface.config.activationPolicy != .down
        {
            let own = Set(interface.ownAddresses.map(\.address.identity))
            for address in interface.addresses
            where address.isGlobal && !own.contains(address.identity) {
                warn(
                    interface.config.location,
                    "\(interface.link.name) has \(address.address)/\(address.prefixLength), "
                        + "which is not in the file; it is left alone, and has its rule")
            }
        }
        for path in paths where path.gateway == nil {
            guard let interface = addresses.managed.first(where: { $0.index == path.interface })
            else { continue }
            let name = interface.link.name
            let hasDefault =
                interface.autoDefault(path.family, kernel: kernel, memory: memory) != nil
            if interface.config.isPrimary, hasDefault, path.failsClosed {
                warn(
                    interface.config.failClosed?.location,
                    "\(path.family) addresses of the primary \(name) would lose their default "
                        + "route; write Gateway = auto")
            } else if !interface.config.isPrimary, !path.failsClosed {
                warn(
                    interface.config.location,
                    "\(name) has no \(path.family) gateway: what its table cannot route leaves "
                        + "through another interface; FailClosed = YES stops that")
            }
        }
    }

    /// One source cannot have two tables.
    private mutating func checkDuplicates(_ addresses: FinalAddresses) {
        var holders: [IPAddress: ManagedInterface] = [:]
        for interface in addresses.managed {
            for held in interface.addresses where held.isGlobal {
                guard let other = holders.updateValue(interface, forKey: held.address),
                    other.index != interface.index
                else { continue }
                let own = [interface, other].first { candidate in
                    candidate.ownAddresses.contains { $0.address.address == held.address }
                }
                let stranger = own?.index == interface.index ? other : interface
                let length = stranger.addresses.first { $0.address == held.address }?.prefixLength
                conflict(
                    own?.ownAddresses.first { $0.address.address == held.address }?.origin
                        .location ?? interface.config.location,
                    "\(held.address) is on \(other.link.name) and on \(interface.link.name); "
                        + "remove one: ip address del \(held.address)/\(length ?? 0) dev "
                        + stranger.link.name)
            }
        }
    }

    /// The kernel takes one of the host's own IPv4 addresses for a gateway without a word, and
    /// nothing ever answers there. (For IPv6 it refuses.)
    private mutating func checkGateways(_ addresses: FinalAddresses) {
        for entry in wanted {
            guard case .route(let route) = entry.object else { continue }
            for hop in route.nextHops {
                guard let gateway = hop.gateway, gateway.family == .ipv4,
                    addresses.isHeld(gateway)
                else { continue }
                conflict(entry.origin, "the gateway \(gateway) is this host's own address")
            }
        }
    }

    private mutating func checkReversePath(
        _ config: Config, _ addresses: FinalAddresses, _ kernel: KernelState
    ) {
        let all = SysctlName.interface("all", "ipv4", "rp_filter")
        let isInFile = config.sysctls.contains { $0.name == all }
        let global = isInFile ? nil : kernel.sysctls[all].flatMap { UInt8($0) }
        for interface in addresses.managed {
            guard let filter = interface.config.reversePathFilter else { continue }
            if let global, global > filter.value.rawValue {
                warn(
                    filter.location,
                    "\(all) is \(global), and the kernel uses the larger: the effective value on "
                        + "\(interface.link.name) is \(global)")
            }
            if filter.value == .strict, addresses.sharesSubnet(interface) {
                warn(
                    filter.location,
                    "strict on \(interface.link.name), which shares a subnet: its multicast and "
                        + "broadcast are dropped")
            }
        }
    }
}

extension [InterfaceAddress] {
    /// Two addresses, one of each, that lie in one subnet of the first.
    fileprivate func firstPair(
        sharingSubnetWith others: [InterfaceAddress]
    ) -> (InterfaceAddress, InterfaceAddress)? {
        for mine in self where mine.isGlobal && !mine.subnet.isHost {
            for theirs in others where mine.subnet.contains(theirs.address) {
                return (mine, theirs)
            }
        }
        return nil
    }
}

extension Link {
    /// A device that carries packets inside others.
    fileprivate var isTunnel: Bool {
        isPointToPoint || kind.map(Self.tunnelKinds.contains) ?? false
    }

    private static let tunnelKinds: Set<String> = [
        "tun", "wireguard", "gre", "gretap", "ip6gre", "ipip", "ip6tnl", "sit", "vti", "vti6",
        "vxlan", "geneve", "xfrm", "ppp",
    ]
}

extension Rule {
    /// Whether a packet that this host originates from one of the sources can meet it.
    fileprivate func mayMatchLocally(anyOf sources: [IPAddress]) -> Bool {
        guard !sources.isEmpty, incomingInterface == nil || incomingInterface == "lo" else {
            return false
        }
        guard let source else { return true }
        return sources.contains { source.contains($0) != isInverted }
    }

    /// Whether it asks for nothing but a source.
    fileprivate var catchesAll: Bool {
        destination == nil && firewallMark == nil && outgoingInterface == nil
            && typeOfService == 0 && (otherAttributes.isEmpty || action == .goto)
    }
}
