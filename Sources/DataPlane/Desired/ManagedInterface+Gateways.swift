import Netlink

extension ManagedInterface {
    /// The way to a gateway, for a route of a table; nil: the kernel has none, and would refuse it.
    ///
    /// `onlink` is said only where it needs saying: the connected route of a subnet that holds the
    /// gateway says so already, and IPv6 refuses the word where main knows another way there.
    ///
    /// Source: fib_check_nh_v4_gw (net/ipv4/fib_semantics.c), ip6_validate_gw (net/ipv6/route.c).
    ///
    /// - Parameter isAsked: it is said that the gateway is on the link.
    func hop(
        to gateway: IPAddress?, isAsked: Bool, in table: UInt32, kernel: KernelState,
        memory: Memory
    ) -> NextHop? {
        var hop = NextHop(interface: index, gateway: gateway)
        guard let gateway, !gateway.isLinkLocal || gateway.family == .ipv4 else { return hop }
        func holds(_ address: InterfaceAddress) -> Bool {
            !address.subnet.isHost && address.subnet.contains(gateway)
        }
        if addresses.contains(where: { connects($0) && holds($0) }) { return hop }
        let isIPv4 = gateway.family == .ipv4
        if !isAsked || !isIPv4, isReached(gateway, in: table, kernel: kernel, memory: memory) {
            return hop
        }
        // Whoever made an address without its subnet's route means the subnet all the same.
        hop.isOnLink = isAsked || isIPv4 && addresses.contains(where: holds)
        return hop.isOnLink ? hop : nil
    }

    /// Whether a route of somebody else's, or of the file's, leads straight to a gateway.
    private func isReached(
        _ gateway: IPAddress, in table: UInt32, kernel: KernelState, memory: Memory
    ) -> Bool {
        let isWritten = config.routes.contains { entry in
            entry.type == .unicast && entry.gateway == nil && entry.nextHops.isEmpty
                && entry.destination.contains(gateway)
                && [table, RouteTable.main].contains(entry.table ?? self.table)
        }
        return isWritten
            || kernel.routes.contains { route in
                route.destination.contains(gateway) && route.type == .unicast
                    && [table, RouteTable.main].contains(route.table)
                    && route.nextHops.contains { $0.interface == index && $0.gateway == nil }
                    && !memory.owns(route) && !isLeaving(route)
            }
    }
}
