import Netlink

/// The IPv4 addresses that a plan removes, and the routes that the kernel takes with them.
///
/// Source: fib_sync_down_addr and fib_disable_ip (net/ipv4/fib_frontend.c).
struct AddressLoss {
    private let steps: Steps
    private let kernel: KernelState
    private let leaving: [InterfaceAddress]
    private var emptied: Set<InterfaceIndex> = []
    private var remainingSources: Set<IPAddress> = []

    init(_ steps: Steps, _ kernel: KernelState) {
        self.steps = steps
        self.kernel = kernel
        leaving = steps[.addressRemovals].compactMap {
            guard case .remove(.address(let address)) = $0.action, address.family == .ipv4 else {
                return nil
            }
            return address
        }
        guard !isEmpty else { return }
        let remaining = remaining
        remainingSources = Set(remaining.map(\.address))
        emptied = Set(leaving.map(\.interface)).subtracting(
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
            let cause = leaving.first(where: { $0.address == source }),
            !remainingSources.contains(source)
        {
            return cause
        }
        // A route with another way out besides stays.
        let isCutOff = route.nextHops.allSatisfy { $0.interface.map(emptied.contains) ?? false }
        guard isCutOff, let first = route.nextHops.first else { return nil }
        return leaving.last { $0.interface == first.interface }
    }
}
