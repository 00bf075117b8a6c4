package import Netlink

/// An interface that the files manage and this host has, with the addresses it will hold.
struct ManagedInterface {
    var config: InterfaceConfig
    var link: Link
    var table: UInt32
    /// The MTU that the link will have.
    var mtuThen: UInt32
    /// What the file wants here now, in its order.
    var ownAddresses: [(address: InterfaceAddress, origin: AddressConfig)]
    /// What it will hold: ours, then everybody else's.
    var addresses: [InterfaceAddress]
    var foreignAddresses: ArraySlice<InterfaceAddress> { addresses[ownAddresses.count...] }
    /// What the plan takes away.
    var leaving: [InterfaceAddress]
    /// IPv4 subnets of which no address brings a connected route.
    var unconnected: Set<IPPrefix>
    /// What main holds through it, by the first hop.
    var mainRoutes: [Route]

    var index: InterfaceIndex { link.index }
    /// Whether routes through it can be there: a route needs its link up.
    var willBeUp: Bool { config.activationPolicy == .up || link.isUp }

    /// Its addresses that source rules are about: neither link-local nor loopback.
    func globalAddresses(_ family: AddressFamily) -> [InterfaceAddress] {
        addresses.filter { $0.family == family && $0.isGlobal }
    }
}

extension InterfaceAddress {
    package var isGlobal: Bool {
        !address.isLinkLocal && !address.isLoopback && scope != .host
    }
}

/// Who holds which address once the plan is done.
struct FinalAddresses {
    var managed: [ManagedInterface] = []
    private var byLink: [InterfaceIndex: [InterfaceAddress]] = [:]
    private var sharingIPv4: Set<InterfaceIndex> = []
    /// What somebody has put on one interface though the files have it on another: with a rule for
    /// each it would have two tables, so it counts where the files have it.
    private(set) var strays: [InterfaceAddress] = []
    /// Every global address in order, with who holds it; nil: an interface that is not here yet.
    private var holders: [(address: IPAddress, interface: InterfaceIndex?)] = []

    /// The addresses that a link will hold.
    func held(by index: InterfaceIndex) -> [InterfaceAddress] { byLink[index] ?? [] }

    /// Whether an interface that is here will have the address.
    func isHeld(_ address: IPAddress) -> Bool {
        if address.isLinkLocal || address.isLoopback {
            return byLink.values.contains { $0.contains { $0.address == address } }
        }
        return holders(in: .host(address)).contains { $0.interface != nil }
    }

    /// The addresses in a block that other interfaces hold, in order.
    func strangers(to index: InterfaceIndex, in block: IPPrefix) -> some Sequence<IPAddress> {
        holders(in: block).lazy.filter { $0.interface != index }.map(\.address)
    }

    /// Whether another interface has an address in an IPv4 subnet of this one, or the reverse.
    func sharesSubnet(_ interface: ManagedInterface) -> Bool {
        sharingIPv4.contains(interface.index)
    }

    /// Whether another tool is still to give some interface its first address: in whose subnet,
    /// nobody knows.
    private(set) var awaitsLease = false

    /// The managed interfaces of which `sharesSubnet` is true.
    private func interfacesSharingIPv4() -> Set<InterfaceIndex> {
        var sharing: Set<InterfaceIndex> = []
        for interface in managed {
            let subnets = interface.globalAddresses(.ipv4).map(\.subnet).sortedOnce()
            for subnet in subnets where !subnet.isHost {
                let inside = holders(in: subnet)
                guard inside.contains(where: { $0.interface != interface.index }) else { continue }
                sharing.insert(interface.index)
                sharing.formUnion(inside.compactMap(\.interface))
            }
        }
        return sharing
    }

    private func holders(
        in block: IPPrefix
    ) -> ArraySlice<(address: IPAddress, interface: InterfaceIndex?)> {
        let start = holders.partitionPoint { $0.address < block.address }
        let last = block.lastAddress
        return holders[start..<holders[start...].partitionPoint { $0.address <= last }]
    }
}

extension FinalAddresses {
    init(
        _ host: Host, kernel: KernelState, memory: Memory, protocol: UInt8,
        reporting state: inout DesiredState
    ) {
        let losses = IPv6Losses(host, kernel: kernel, memory: memory)
        let observed = Dictionary(
            grouping: kernel.addresses.filter {
                !($0.family == .ipv6 && losses.interfaces.contains($0.interface))
            }, by: \.interface)
        let mainRoutes = Dictionary(
            grouping: kernel.routes.filter { $0.table == RouteTable.main },
            by: { $0.nextHops.first?.interface })
        var expected: [IPAddress] = []
        let taken = host.addressesTakenOver
        for link in host.unlisted {
            byLink[link.index] = (observed[link.index] ?? []).filter { !memory.owns($0) }
        }
        for entry in host.entries {
            guard let link = entry.link else {
                if entry.config.isManaged {
                    expected += entry.config.addresses.map(\.address)
                        .filter { !$0.isLinkLocal }
                }
                continue
            }
            let here = observed[link.index] ?? []
            guard entry.config.isManaged else {
                byLink[link.index] = here.filter {
                    !(taken.contains($0.address) && memory.owns($0))
                }
                continue
            }
            let ours = here.filter(memory.owns)
            let foreign = ours.count == here.count ? [] : here.filter { !memory.owns($0) }
            let own =
                entry.config.activationPolicy == .down
                ? []
                : entry.config.ownAddresses(
                    on: link, table: entry.table, beside: foreign,
                    alreadyOurs: ours,
                    isConnected: { subnet in
                        mainRoutes[link.index]?.contains {
                            $0.connects(subnet) && !memory.owns($0)
                        } ?? false
                    }, protocol: `protocol`, reporting: &state)
            let mine = Set(own.map(\.address.identity))
            let addresses =
                own.map(\.address) + foreign.filter { !mine.contains($0.identity) }
            byLink[link.index] = addresses
            managed.append(
                ManagedInterface(
                    config: entry.config, link: link, table: entry.table,
                    mtuThen: entry.mtuThen(memory) ?? link.mtu, ownAddresses: own,
                    addresses: addresses,
                    leaving: ours.filter { !mine.contains($0.identity) },
                    unconnected: ManagedInterface.unconnected(
                        here.contains(where: \.isWithoutRoute)
                            ? here.filter { !memory.owns($0) || mine.contains($0.identity) } : []),
                    mainRoutes: mainRoutes[link.index] ?? []))
        }
        leaveOutStrays()
        holders = expected.map { ($0, nil) }
        for (index, addresses) in byLink {
            for held in addresses where held.isGlobal { holders.append((held.address, index)) }
        }
        holders.sort { $0.address < $1.address }
        sharingIPv4 = interfacesSharingIPv4()
        awaitsLease = managed.contains {
            $0.config.addressing == .external && $0.willBeUp
                && !$0.foreignAddresses.contains(where: \.isGlobal)
        }
    }

    private mutating func leaveOutStrays() {
        guard managed.contains(where: { $0.foreignAddresses.contains(where: \.isGlobal) }) else {
            return
        }
        var homes: [IPAddress: InterfaceIndex] = [:]
        for interface in managed {
            for own in interface.ownAddresses where own.address.isGlobal {
                homes[own.address.address] = interface.index
            }
        }
        for position in managed.indices {
            let index = managed[position].index
            let found = managed[position].foreignAddresses.filter {
                $0.isGlobal && homes[$0.address, default: index] != index
            }
            guard !found.isEmpty else { continue }
            strays += found
            managed[position].addresses.removeAll(where: found.contains)
            byLink[index] = managed[position].addresses
        }
    }
}

extension InterfaceConfig {
    /// The addresses that the file puts on the link now.
    ///
    /// Beside a lease an IPv4 address waits until the lease is there: the first address of a
    /// subnet becomes its primary.
    fileprivate func ownAddresses(
        on link: Link, table: UInt32, beside foreign: [InterfaceAddress],
        alreadyOurs: [InterfaceAddress], isConnected: (IPPrefix) -> Bool, protocol: UInt8,
        reporting state: inout DesiredState
    ) -> [(address: InterfaceAddress, origin: AddressConfig)] {
        let sources = Set(routes.compactMap(\.preferredSource))
        let isExternal = addressing == .external
        let ours = isExternal ? Set(alreadyOurs.map(\.identity)) : []
        let ownAddresses = isExternal ? Set(addresses.map(\.address)) : []
        let present = alreadyOurs + foreign
        // The file does not speak of it, so it stays as it is: in IPv6 while it has another's.
        let withoutRoute = Set(
            present.filter {
                $0.isWithoutRoute
                    && ($0.family == .ipv4 || !link.isUp || isConnected($0.subnet)
                        || foreign.contains($0))
            }.map(\.identity))
        var hasPreferredIPv6 = false
        var result: [(address: InterfaceAddress, origin: AddressConfig)] = []
        for entry in addresses {
            var address = InterfaceAddress(
                interface: link.index, address: entry.address, prefixLength: entry.prefixLength,
                protocol: `protocol`)
            switch entry.address.family {
            case .ipv4:
                if !isPrimary { address.metric = connectedMetric(table: table) }
                func isLease(_ other: InterfaceAddress) -> Bool {
                    other.subnet.contains(entry.address) && !ownAddresses.contains(other.address)
                }
                if isExternal, !ours.contains(address.identity), !foreign.contains(where: isLease) {
                    state.warn(
                        entry.location,
                        "\(entry.address)/\(entry.prefixLength) waits until \(link.name) has an "
                            + "address of this subnet from elsewhere (DHCP), so that it stays "
                            + "the primary one")
                    continue
                }
            case .ipv6:
                // DHCPv6 hands it out as /128, and the kernel takes no address twice.
                func isHeld(_ other: InterfaceAddress) -> Bool {
                    other.address == entry.address && other.prefixLength != entry.prefixLength
                }
                if isExternal, foreign.contains(where: isHeld) {
                    hasPreferredIPv6 = true
                    continue
                }
                if entry.address.isLinkLocal { address.scope = .link }
                // A tentative address cannot be a route's source yet.
                if entry.noDAD || sources.contains(entry.address) { address.flags = .noDAD }
                if hasPreferredIPv6 && !entry.address.isLinkLocal { address.preferredLifetime = 0 }
                if !entry.address.isLinkLocal { hasPreferredIPv6 = true }
                // The kernel would take theirs for ours: its expiry with ours, and both at once.
                if isConnected(address.subnet),
                    !present.contains(where: { $0.subnet == address.subnet && !$0.isWithoutRoute })
                {
                    address.flags.insert(.noPrefixRoute)
                }
            }
            if withoutRoute.contains(address.identity) { address.flags.insert(.noPrefixRoute) }
            result.append((address, entry))
        }
        return result
    }

    /// The metric of an IPv4 address's connected route, so that on a shared subnet main's
    /// connected route stays the primary's.
    private func connectedMetric(table: UInt32) -> UInt32 {
        guard case .metric(let metric) = routeMetric?.value else { return table }
        return metric
    }
}
