import Netlink

/// An interface and family whose sources are there before a plan, and whose table can be whole
/// before any address is added or link goes up.
struct SettledPath: Hashable {
    var interface: InterfaceIndex
    var family: AddressFamily

    static func all(of desired: DesiredState, on kernel: KernelState) -> Set<SettledPath> {
        guard !desired.paths.isEmpty else { return [] }
        let upLinks = Set(kernel.links.filter(\.isUp).map(\.index))
        let addresses = Dictionary(grouping: kernel.addresses, by: \.interface)
        var routes: [UInt32: [Route]] = [:]
        for entry in desired.wanted {
            guard case .route(let route) = entry.object else { continue }
            routes[route.table, default: []].append(route)
        }
        let settled = desired.paths.filter { path in
            let table = (routes[path.table] ?? []).filter { $0.family == path.family }
            return (addresses[path.interface] ?? []).contains {
                $0.family == path.family && $0.isGlobal
            }
                && table.allSatisfy { route in
                    route.isTaken(beside: table, addresses: addresses, upLinks: upLinks)
                }
        }
        return Set(settled.map { SettledPath(interface: $0.interface, family: $0.family) })
    }
}

extension Route {
    /// Whether the kernel takes it beside routes of its table, with these addresses and links.
    ///
    /// Source: fib_check_nh_v4_gw (net/ipv4/fib_semantics.c), ip6_validate_gw (net/ipv6/route.c).
    func isTaken(
        beside table: [Route], addresses: [InterfaceIndex: [InterfaceAddress]],
        upLinks: Set<InterfaceIndex>
    ) -> Bool {
        let hasSource =
            preferredSource.map { source in
                addresses.values.contains { $0.contains { $0.address == source } }
            } ?? true
        return hasSource
            && nextHops.allSatisfy { hop in
                guard let interface = hop.interface, upLinks.contains(interface) else {
                    return false
                }
                guard let gateway = hop.gateway, !hop.isOnLink,
                    !gateway.isLinkLocal || gateway.family == .ipv4
                else { return true }
                return (addresses[interface] ?? []).contains { $0.subnet.contains(gateway) }
                    || table.contains { route in
                        route.destination.contains(gateway) && route.isOnLink
                            && route.nextHops.contains {
                                $0.interface == interface && $0.gateway == nil
                            }
                    }
            }
    }

    /// Whether a gateway may lie behind it: IPv4 asks for no wider scope than `link`.
    private var isOnLink: Bool { family == .ipv6 || scope.rawValue >= RouteScope.link.rawValue }
}
