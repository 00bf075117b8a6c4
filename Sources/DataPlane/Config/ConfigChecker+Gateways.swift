import Netlink
import Plist

/// Whether gateways can be reached: the kernel refuses a route whose gateway is not on the link.
extension ConfigChecker {
    mutating func checkGateways(of interface: InterfaceDraft) {
        guard interface.uncertain.isDisjoint(with: [.addresses, .addressing, .routes]) else {
            return
        }
        for family in AddressFamily.allCases {
            guard let gateway = interface.gateways[family],
                case .address(let address) = gateway.choice
            else { continue }
            if interface.addressing != .external, self.subnets(of: interface, family).isEmpty {
                error(
                    "gateway \(address) is \(family), and \(interface.label) has no \(family) address",
                    at: gateway.location)
            } else if interface.gatewayOnLink != true, !interface.uncertain.contains(.gatewayOnLink)
            {
                checkReach(of: address, from: interface, at: gateway.location)
            }
            checkIsNeighbour(
                address, of: interface, isOnLink: interface.gatewayOnLink == true,
                at: gateway.location)
        }
        for route in interface.routes ?? [] {
            if let gateway = route.config.gateway {
                check(gateway, of: interface, route, at: route.gatewayLocation)
            }
            for (hop, location) in zip(route.config.nextHops, route.hopLocations) {
                guard let gateway = hop.gateway, let other = self.interface(of: hop, interface)
                else { continue }
                check(gateway, of: other, route, at: location)
            }
        }
    }

    private mutating func check(
        _ gateway: IPAddress, of interface: InterfaceDraft, _ route: RouteDraft,
        at location: SourceLocation?
    ) {
        let location = location ?? route.config.location
        let isOnLink = route.config.gatewayOnLink
        if !isOnLink {
            checkReach(of: gateway, from: interface, table: route.config.table, at: location)
        }
        checkIsNeighbour(gateway, of: interface, isOnLink: isOnLink, at: location)
    }

    /// The kernel takes nothing for a gateway that is the host itself or no host at all.
    ///
    /// Source: fib_check_nh, fib_check_nh_nongw (net/ipv4/fib_semantics.c).
    private mutating func checkIsNeighbour(
        _ gateway: IPAddress, of interface: InterfaceDraft, isOnLink: Bool,
        at location: SourceLocation
    ) {
        if let owner = owners[gateway] {
            let other = draft.interfaces[owner.interface]
            let isItself = other.location == interface.location
            let address = other.addresses[owner.entry]
            // A floating one may be another host's; with onlink, another link's is nobody's here.
            if !address.isFloating, other.isManaged != false, isItself || !isOnLink {
                let place = address.location.place(from: location)
                error(
                    "gateway \(gateway) is this host's own address, of \(other.label) (\(place))",
                    at: location)
                return
            }
        }
        guard gateway.family == .ipv4 else { return }
        for subnet in ownSubnets(of: interface)
        where subnet.length < 31 && subnet.contains(gateway) {
            let last = subnet.address.bits | ((1 << UInt128(32 - subnet.length)) - 1)
            if gateway == subnet.address || gateway.bits == last {
                let kind = gateway == subnet.address ? "network" : "broadcast"
                error("gateway \(gateway) is the \(kind) address of \(subnet)", at: location)
                return
            }
        }
    }

    /// nil where the file does not describe the hop's interface.
    private func interface(
        of hop: RouteConfig.Hop, _ owner: InterfaceDraft
    ) -> InterfaceDraft? {
        guard let name = hop.interface?.value, name != owner.name?.value else { return owner }
        return draft.interfaces.first { $0.name?.value == name }
    }

    /// Those of its addresses; where it has none, those that a rebind may bring.
    private mutating func subnets(
        of interface: InterfaceDraft, _ family: AddressFamily
    ) -> [IPPrefix] {
        let own = ownSubnets(of: interface).filter { $0.family == family }
        guard own.isEmpty else { return own }
        return draft.interfaces.flatMap(\.addresses).filter(\.isFloating).map(\.subnet)
            .withoutRepetitions().filter { $0.family == family }
    }

    /// Those of its addresses, looked up once for all of its gateways: it may have thousands of both.
    private mutating func ownSubnets(of interface: InterfaceDraft) -> [IPPrefix] {
        if let latestSubnets, latestSubnets.of == interface.location { return latestSubnets.all }
        let found = interface.addresses.map(\.subnet).withoutRepetitions()
        latestSubnets = (interface.location, found)
        return found
    }

    /// - Parameter table: of the route that uses the gateway; nil: the interface's.
    private mutating func checkReach(
        of gateway: IPAddress, from interface: InterfaceDraft, table: UInt32? = nil,
        at location: SourceLocation
    ) {
        let isUnknown =
            interface.addressing == .external
            || !interface.uncertain.isDisjoint(with: [.addresses, .addressing, .routes])
        if isUnknown || gateway.family == .ipv6 && gateway.isLinkLocal { return }
        let subnets = self.subnets(of: interface, gateway.family)
        if subnets.contains(where: { $0.contains(gateway) }) { return }
        let isRouted = (interface.routes ?? []).contains {
            let route = $0.config
            return route.type == .unicast && route.gateway == nil && route.nextHops.isEmpty
                && route.destination.contains(gateway)
                && (interface.number(route.table) == interface.number(table)
                    || route.table == RouteTable.main)
        }
        if isRouted { return }
        var known: [IPPrefix] = []
        for subnet in subnets where !known.contains(subnet) { known.append(subnet) }
        let list =
            known.prefix(3).map(\.description).joined(separator: ", ")
            + (known.count > 3 ? ", …" : "")
        error(
            "gateway \(gateway) is in no subnet of \(interface.label)"
                + (list.isEmpty ? "" : " (\(list))")
                + "; GatewayOnLink = YES if it is on this link",
            at: location)
    }
}

extension [IPPrefix] {
    /// Each run of equal ones once: the addresses of a subnet mostly stand together.
    fileprivate func withoutRepetitions() -> [IPPrefix] {
        reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }
}

extension InterfaceDraft {
    /// A route's table, where nil stands for the interface's own, however it is written.
    fileprivate func number(_ table: UInt32?) -> UInt32? {
        table == self.table?.value ? nil : table
    }
}
