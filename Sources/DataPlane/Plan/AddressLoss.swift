import Netlink

/// The addresses that a plan removes, and the routes that the kernel takes with them.
///
/// Source: fib_sync_down_addr and fib_disable_ip (net/ipv4/fib_frontend.c), rt6_remove_prefsrc
/// (net/ipv6/route.c).
struct AddressLoss {
    private let steps: Steps
    private let kernel: KernelState
    private let leaving: [InterfaceAddress]
    private var emptied: Set<InterfaceIndex> = []
    /// The addresses that no interface has any more.
    private var lostSources: Set<IPAddress> = []

    init(_ steps: Steps, _ kernel: KernelState) {
        self.steps = steps
        self.kernel = kernel
        leaving = steps[.addressRemovals].compactMap {
            guard case .remove(.address(let address)) = $0.action else { return nil }
            return address
        }
        guard !isEmpty else { return }
        let remaining = remaining
        lostSources = Set(leaving.map(\.address)).subtracting(remaining.lazy.map(\.address))
        emptied = Set(leaving.lazy.filter { $0.family == .ipv4 }.map(\.interface)).subtracting(
            remaining.lazy.filter { $0.family == .ipv4 }.map(\.interface))
    }

    var isEmpty: Bool { leaving.isEmpty }

    /// Every address that is there then.
    var remaining: [InterfaceAddress] {
        let gone = Set(leaving.map(\.identity))
        return kernel.addresses.filter { !gone.contains($0.identity) }
            + steps[.addresses].compactMap {
                guard case .add(.address(let address)) = $0.action else { return nil }
                return address
            }
    }

    /// The address with which a route goes; nil: it stays.
    func cause(of route: Route) -> InterfaceAddress? {
        guard !isEmpty, route.family == .ipv4, !leaving.derive(route) else { return nil }
        if route.table == RouteTable.main, let source = route.preferredSource,
            lostSources.contains(source),
            let cause = leaving.first(where: { $0.address == source })
        {
            return cause
        }
        // A route with another way out besides stays, and one by a nexthop object does.
        guard !route.isByNextHopObject else { return nil }
        let isCutOff = route.nextHops.allSatisfy { $0.interface.map(emptied.contains) ?? false }
        guard isCutOff, let first = route.nextHops.first else { return nil }
        return leaving.last { $0.family == .ipv4 && $0.interface == first.interface }
    }

    /// Whether its gateway is an IPv6 address that leaves; the kernel takes none that is its own.
    func frees(gatewayOf route: Route) -> Bool {
        route.family == .ipv6
            && route.nextHops.contains { $0.gateway.map(lostSources.contains) ?? false }
    }

    /// Whether it stays, and loses its source.
    func takesSource(of route: Route) -> Bool {
        route.family == .ipv6 && !route.isByNextHopObject
            && route.preferredSource.map(lostSources.contains) ?? false
    }
}
