import Netlink

/// What routes stand on when a plan has taken away what it takes away.
struct RouteGround {
    private let upLinks: Set<InterfaceIndex>
    private let addresses: [InterfaceIndex: [InterfaceAddress]]
    /// Those that lead straight onto a link; connected ones are their addresses' matter.
    private var linkRoutes: [Route] = []

    init(links: Set<InterfaceIndex>, addresses: [InterfaceAddress]) {
        upLinks = links
        self.addresses = Dictionary(grouping: addresses, by: \.interface)
    }

    mutating func add(_ route: Route) {
        guard !route.isConnected, route.nextHops.contains(where: { $0.gateway == nil }) else {
            return
        }
        linkRoutes.append(route)
    }

    /// Whether the kernel takes the route. Of the rules that lead to a gateway only main's counts.
    func carries(_ route: Route) -> Bool {
        route.isTaken(
            beside: linkRoutes.filter {
                $0.table == route.table || $0.table == RouteTable.main
            }, addresses: addresses, upLinks: upLinks)
    }
}
