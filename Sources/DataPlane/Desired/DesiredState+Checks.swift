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
        warnOfStrangersInGroup(config, host, memory)
        checkUnmanagedNeighbours(config, host, addresses)
        checkRules(config, addresses, kernel, memory)
        checkMetrics(addresses, kernel: kernel, memory: memory)
        checkMain(addresses, names, unlisted: host.unlisted, kernel: kernel, memory: memory)
        checkTables(names, kernel: kernel, memory: memory)
        checkAddresses(addresses, kernel: kernel, memory: memory)
        checkDuplicates(addresses)
        checkReversePath(config, addresses, kernel)
        checkGateways(addresses)
        checkOnLinkGateways(addresses, names, kernel: kernel)
        warnOfOtherWaysOut(addresses)
        warnOfMisplaced(kernel: kernel, memory: memory)
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
                    + "ip link set dev \(interface.link.name) group default",
                of: [interface.index], leaving: .object(now.identity))
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
                        + "{ Name = \(link.name); \(primary)Addressing = external; }",
                    of: [interface.index], leaving: .nothing)
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
        lazy var sources = addresses.managed.map(LocalSources.init)
        for entry in config.rules {
            guard let source = firstSource(of: sources, contestedBy: entry.rule, whereOurs: ==)
            else { continue }
            warn(
                entry.location,
                "priority \(entry.rule.priority) is that of the source rule of \(source) too: which "
                    + "of the two is asked first is left to chance; write another Priority")
        }
        for rule in kernel.rules where !memory.owns(rule) && !wants(rule.identity) {
            let isAmongOurs = priorities.contains(rule.priority)
            let comesFirst =
                rule.priority > 0 && rule.priority < RulePriority.shared && rule.catchesAll
            guard isAmongOurs || comesFirst || rule.protocol != .kernel else { continue }
            let words = KernelObject.rule(rule).description(names: InterfaceNames(of: []))
            guard isAmongOurs || comesFirst else {
                if let source = firstSource(of: sources, contestedBy: rule, whereOurs: <) {
                    warn(
                        nil,
                        "a foreign rule comes after ours, so it is never asked for \(source) of an "
                            + "ENI: \(words); give it a priority under \(RulePriority.shared), or "
                            + "write it into Rules")
                }
                continue
            }
            let caught = sources.filter { rule.mayMatchLocally(anyOf: $0[rule.family]) }
            guard !caught.isEmpty else { continue }
            if isAmongOurs {
                conflict(
                    nil,
                    "a foreign rule stands at a priority of ours: \(words); remove it: "
                        + rule.deleteCommand,
                    of: Set(caught.map(\.index)), leaving: .removals)
            } else {
                warn(
                    nil,
                    "a foreign rule comes before ours and catches an ENI's source: \(words)")
            }
        }
    }

    /// The first source that the rule may lead elsewhere than one of ours that stands to it as asked.
    private func firstSource(
        of sources: [LocalSources], contestedBy rule: Rule,
        whereOurs stand: (UInt32, UInt32) -> Bool
    ) -> IPAddress? {
        for path in paths where path.family == rule.family && path.table != rule.table {
            guard let held = sources.first(where: { $0.index == path.interface }),
                stand(held.rulePriority, rule.priority)
                    || path.failsClosed && stand(RulePriority.failClosed, rule.priority)
            else { continue }
            if let source = held[path.family].first(where: { rule.mayMatchLocally(anyOf: [$0]) }) {
                return source
            }
        }
        return nil
    }

    private mutating func checkMetrics(
        _ addresses: FinalAddresses, kernel: KernelState, memory: Memory
    ) {
        guard let primary = addresses.managed.first(where: { $0.config.isPrimary }) else { return }
        let defaults = mainDefaults()
        for family in AddressFamily.allCases {
            let found = primary.autoDefault(family, memory: memory)?.effectiveMetric
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
                        + "write a larger RouteMetric, or none",
                    of: [primary.index, other.interface],
                    leaving: .object(
                        .route(
                            table: RouteTable.main, .default(family), typeOfService: 0,
                            metric: other.metric)))
            }
        }
    }

    /// One source cannot have two tables.
    private mutating func checkDuplicates(_ addresses: FinalAddresses) {
        guard addresses.hasDuplicates || !addresses.strays.isEmpty else { return }
        // By its place: an interface is too large to be kept for each of its addresses.
        var holders: [IPAddress: Int] = [:]
        for (place, interface) in addresses.managed.enumerated() {
            for held in interface.addresses where held.isGlobal {
                guard let other = holders.updateValue(place, forKey: held.address), other != place
                else { continue }
                reportDuplicate(
                    of: held, on: interface, beside: addresses.managed[other], leaving: .removals)
            }
        }
        for stray in addresses.strays {
            guard let here = addresses.managed.first(where: { $0.index == stray.interface }),
                let home = holders[stray.address]
            else { continue }
            reportDuplicate(
                of: stray, on: here, beside: addresses.managed[home], leaving: .nothing)
        }
    }

    private mutating func reportDuplicate(
        of stranger: InterfaceAddress, on interface: ManagedInterface,
        beside other: ManagedInterface, leaving extent: Conflict.Extent
    ) {
        let origin = other.ownAddresses.first { $0.address.address == stranger.address }?.origin
        let (name, length) = (interface.link.name, stranger.prefixLength)
        conflict(
            origin?.location ?? interface.config.location,
            "\(stranger.address) is on \(other.link.name) and on \(name); "
                + "remove one: ip address del \(stranger.address)/\(length) dev \(name)",
            of: [interface.index, other.index], leaving: extent)
    }

    /// The kernel asks main whether an IPv6 gateway may be on a link, and a default alone does not
    /// speak against it (ip6_route_check_nh_onlink, net/ipv6/route.c).
    private mutating func checkOnLinkGateways(
        _ addresses: FinalAddresses, _ names: InterfaceNames, kernel: KernelState
    ) {
        lazy var ofMain =
            kernel.routes.filter { $0.family == .ipv6 && $0.table == RouteTable.main }
            + wanted.compactMap { entry in
                guard case .route(let route) = entry.object, route.family == .ipv6,
                    route.table == RouteTable.main
                else { return nil }
                return route
            }
        var told: Set<NextHop> = []
        for entry in wanted {
            guard case .route(let route) = entry.object, route.family == .ipv6 else { continue }
            for hop in route.nextHops where hop.isOnLink && !told.contains(hop) {
                guard let gateway = hop.gateway, !gateway.isLinkLocal,
                    let other = addresses.connected(to: gateway, where: { $0 != hop.interface }),
                    addresses.connected(to: gateway, where: { $0 == hop.interface }) == nil,
                    !ofMain.contains(where: {
                        $0.destination.contains(gateway)
                            && $0.destination.length > other.subnet.length
                            && $0.nextHops.first?.interface == hop.interface
                    })
                else { continue }
                told.insert(hop)
                conflict(
                    entry.origin,
                    "the gateway \(gateway) is in \(other.subnet) of "
                        + "\(names.name(of: other.interface)), and the kernel takes it on no other "
                        + "link; write the gateway's link-local address, or an address of its "
                        + "subnet with the subnet's length",
                    of: Set([hop.interface].compactMap { $0 }), leaving: .object(route.identity))
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
                conflict(
                    entry.origin, "the gateway \(gateway) is this host's own address",
                    of: Set(route.nextHops.compactMap(\.interface)),
                    leaving: .object(route.identity))
            }
        }
    }
}

extension FinalAddresses {
    /// An address whose subnet brings a route to the gateway through such an interface.
    fileprivate func connected(
        to gateway: IPAddress, where isMeant: (InterfaceIndex) -> Bool
    ) -> InterfaceAddress? {
        for interface in managed where isMeant(interface.index) {
            let address = interface.addresses.first {
                !$0.isWithoutRoute && $0.subnet.contains(gateway)
            }
            if let address { return address }
        }
        return nil
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

/// What a managed interface's rules are about, taken out of it once for all foreign rules.
private struct LocalSources {
    let index: InterfaceIndex
    let rulePriority: UInt32
    private let addresses: [AddressFamily: [IPAddress]]

    init(_ interface: ManagedInterface) {
        index = interface.index
        rulePriority = interface.config.rulePriority
        addresses = Dictionary(
            grouping: interface.addresses.lazy.filter(\.isGlobal).map(\.address), by: \.family)
    }

    subscript(family: AddressFamily) -> [IPAddress] { addresses[family] ?? [] }
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
