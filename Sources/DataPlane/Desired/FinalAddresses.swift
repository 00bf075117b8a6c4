import Netlink

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

    /// Whether more than one interface that is here will have some global address.
    var hasDuplicates: Bool {
        let here = holders.lazy.filter { $0.interface != nil }
        return zip(here, here.dropFirst()).contains {
            $0.address == $1.address && $0.interface != $1.interface
        }
    }

    /// The addresses in a block that other interfaces hold, in order.
    func strangers(to index: InterfaceIndex, in block: IPPrefix) -> some Sequence<IPAddress> {
        holders(in: block).lazy.filter { $0.interface != index }.map { $0.address }
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
            let subnets = interface.globalAddresses(.ipv4).lazy.map { $0.subnet }.sortedOnce()
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
                    othersSubnets: {
                        let routes = mainRoutes[link.index] ?? []
                        return Set(
                            routes.lazy.filter { $0.connectsSubnet && !memory.owns($0) }
                                .map(\.destination))
                    }, protocol: `protocol`, reporting: &state)
            lazy var mine = Set(own.map(\.address.identity))
            var addresses = own.map(\.address)
            addresses += foreign.filter { !mine.contains($0.identity) }
            byLink[link.index] = addresses
            managed.append(
                ManagedInterface(
                    entry: entry, link: link,
                    mtuThen: entry.mtuThen(memory) ?? link.mtu, ownAddresses: own,
                    addresses: addresses,
                    leaving: LeavingAddresses(ours.filter { !mine.contains($0.identity) }),
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
