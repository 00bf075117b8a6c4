import Netlink

/// Which connected routes the kernel derives from addresses.
///
/// Source: fib_add_ifaddr, fib_del_ifaddr (net/ipv4/fib_frontend.c); inet6_addr_add,
/// check_cleanup_prefix_route (net/ipv6/addrconf.c).
extension InterfaceAddress {
    /// Made without its subnet's route: that is somebody else's affair.
    var isWithoutRoute: Bool { flags.contains(.noPrefixRoute) }

    /// The one that comes with it, where it is its subnet's primary address.
    var derivedRoute: Route? {
        guard !isWithoutRoute else { return nil }
        guard family == .ipv4 else {
            return Route(
                destination: subnet, protocol: .kernel,
                metric: metric == 0 ? 256 : metric,  // IP6_RT_PRIO_ADDRCONF
                nextHops: [NextHop(interface: interface)])
        }
        guard !subnet.isHost || peer != nil else { return nil }
        return Route(
            destination: subnet, scope: .link, protocol: .kernel, metric: metric,
            preferredSource: address, nextHops: [NextHop(interface: interface)])
    }
}

extension Sequence<InterfaceAddress> {
    /// Whether the kernel has made a route of one of these addresses, and makes it again with it:
    /// others mark theirs as the kernel's too.
    func derive(_ route: Route) -> Bool {
        route.isConnected
            && contains { address in
                address.interface == route.nextHops.first?.interface
                    && address.subnet == route.destination
                    && address.derivedRoute.map {
                        $0.effectiveMetric == route.effectiveMetric
                            && $0.preferredSource == route.preferredSource
                    } ?? false
            }
    }
}

extension [InterfaceAddress] {
    /// Whether these addresses, when they go, leave an IPv6 route of theirs behind: the kernel
    /// keeps it for the rest of the subnet's, though it is none of them that brought it.
    ///
    /// One that expires is a router's.
    func orphan(_ route: Route, beside rest: [InterfaceAddress]) -> Bool {
        route.family == .ipv6 && route.lifetime == nil && derive(route)
            && rest.allSatisfy(\.isWithoutRoute)
    }
}

/// The addresses that a plan takes away from an interface.
struct LeavingAddresses {
    let bySubnet: [IPPrefix: [InterfaceAddress]]
    let sources: Set<IPAddress>

    init(_ addresses: [InterfaceAddress]) {
        bySubnet = Dictionary(grouping: addresses, by: \.subnet)
        sources = Set(addresses.map(\.address))
    }
}

extension ManagedInterface {
    /// Whether the subnet of one of its addresses is connected by what is said of addresses alone:
    /// an IPv4 secondary has no route of its own, and its primary's only where that has one.
    func connects(_ address: InterfaceAddress) -> Bool {
        !address.isWithoutRoute
            && !(address.family == .ipv4 && unconnected.contains(address.subnet))
    }

    /// Whether a connected route goes with the addresses that the plan takes away.
    func isLeaving(_ route: Route) -> Bool {
        let subnet = route.destination
        guard route.family == .ipv6 else {
            return route.preferredSource.map(leaving.sources.contains) ?? false
        }
        guard let gone = leaving.bySubnet[subnet] else { return false }
        if subnet.isHost { return true }
        let rest = addresses.filter { $0.subnet == subnet }
        guard rest.isEmpty else { return gone.orphan(route, beside: rest) }
        // The best one of the subnet, with the last of its addresses.
        return gone.contains { !$0.isWithoutRoute }
            && !mainRoutes.contains {
                $0.destination == subnet && $0.isGatewayless
                    && $0.effectiveMetric < route.effectiveMetric
            }
    }

    /// IPv4 subnets whose primary address, here and to stay, was made without their route.
    static func unconnected(_ staying: some Sequence<InterfaceAddress>) -> Set<IPPrefix> {
        var seen: Set<IPPrefix> = []
        var unconnected: Set<IPPrefix> = []
        for address in staying
        where address.family == .ipv4 && seen.insert(address.subnet).inserted
            && address.isWithoutRoute
        {
            unconnected.insert(address.subnet)
        }
        return unconnected
    }
}

extension Route {
    /// Made by the kernel, or by somebody who marks it so: straight onto one link.
    var isConnected: Bool {
        self.protocol == .kernel && type == .unicast && !destination.isDefault && isGatewayless
    }

    /// Whether the kernel takes two IPv6 routes for one, whoever made them: rt6_duplicate_nexthop.
    func isTwin(of other: Route) -> Bool {
        family == .ipv6 && destination == other.destination && table == other.table
            && effectiveMetric == other.effectiveMetric && hasSamePath(as: other)
    }

    /// Whether it leads to its destination without a gateway, whoever made it.
    var connectsSubnet: Bool { type == .unicast && isGatewayless }

    var isGatewayless: Bool { nextHops.allSatisfy { $0.gateway == nil } }
}
