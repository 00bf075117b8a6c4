import Netlink

extension InterfaceConfig {
    /// The addresses that the file puts on the link now.
    ///
    /// Beside a lease an IPv4 address waits until the lease is there: the first address of a
    /// subnet becomes its primary.
    func ownAddresses(
        on link: Link, table: UInt32, beside foreign: [InterfaceAddress],
        alreadyOurs: [InterfaceAddress], othersSubnets: () -> Set<IPPrefix>, protocol: UInt8,
        reporting state: inout DesiredState
    ) -> [(address: InterfaceAddress, origin: AddressConfig)] {
        let sources = Set(routes.compactMap(\.preferredSource))
        let isExternal = addressing == .external
        let ours = isExternal ? Set(alreadyOurs.map(\.identity)) : []
        let ownAddresses = isExternal ? Set(addresses.map(\.address)) : []
        let present = alreadyOurs + foreign
        lazy var connected = othersSubnets()
        lazy var routed = Set(present.lazy.filter { !$0.isWithoutRoute }.map(\.subnet))
        // The file does not speak of it, so it stays as it is: in IPv6 while it has another's.
        let withoutRoute = Set(
            present.filter {
                $0.isWithoutRoute
                    && ($0.family == .ipv4 || $0.subnet.isHost || !link.isUp
                        || connected.contains($0.subnet) || foreign.contains($0))
            }.map(\.identity))
        var hasPreferredIPv6 = false
        var result: [(address: InterfaceAddress, origin: AddressConfig)] = []
        result.reserveCapacity(addresses.count)
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
                let subnet = address.subnet
                if !subnet.isHost, connected.contains(subnet), !routed.contains(subnet) {
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
