import Netlink
import Plist

extension DesiredState {
    /// The interface's own table, its default in main, and its `Routes`.
    mutating func wantRoutes(
        of interface: ManagedInterface, _ addresses: FinalAddresses, kernel: KernelState,
        memory: Memory
    ) {
        let config = interface.config
        guard interface.willBeUp else {
            warn(config.location, "\(interface.link.name) is down, so it has no routes")
            return
        }
        wantConnectedRoutes(of: interface, kernel: kernel)
        let paths = paths.filter { $0.interface == interface.index }
        let families = Set(paths.map(\.family))
        var written: Set<IPPrefix> = []
        for entry in config.routes {
            // Where main decides for a family there is no table of it.
            if entry.table == nil, !families.contains(entry.destination.family) {
                warn(
                    entry.location,
                    "\(interface.link.name) has no \(entry.destination.family) table, so this "
                        + "route is left out")
                continue
            }
            guard let route = route(entry, of: interface, kernel: kernel, memory: memory) else {
                continue
            }
            if route.table == interface.table { written.insert(route.destination) }
            want(.route(route), from: entry.location, of: interface.index)
        }
        for path in paths {
            let copies = interface.copiesOfMain(
                path.family, addresses, memory: memory, besides: { wants($0.identity) })
            for copy in copies where !written.contains(copy.destination) {
                var copy = copy
                copy.table = path.table
                copy.protocol = RouteProtocol(rawValue: `protocol`)
                want(.route(copy), from: config.location, of: interface.index)
            }
            wantDefault(path, of: interface, kernel: kernel, memory: memory)
        }
    }

    /// `ip route flush` takes the connected routes that the kernel made with our addresses, and
    /// nothing but this makes them again.
    private mutating func wantConnectedRoutes(of interface: ManagedInterface, kernel: KernelState) {
        guard interface.link.isUp else { return }
        // A secondary address shares the route of its subnet's primary, whatever its metric.
        let connected = interface.mainRoutes.filter(\.isConnected).map(\.destination)
        let there = interface.ownAddresses.map(\.address)
            .filter { !$0.subnet.isHost && !connected.contains($0.subnet) }
            .compactMap { address in
                kernel.addresses.first {
                    $0.identity == address.identity && $0.metric == address.metric
                }
            }
        // As the kernel made it: with the primary as its source, if that is one of these.
        let primaries = there.filter { !$0.flags.contains(.secondary) }
        let secondaries = there.filter { $0.flags.contains(.secondary) }
        for address in primaries + secondaries {
            guard !address.address.isLinkLocal, interface.connects(address),
                let route = address.derivedRoute
            else { continue }
            // One of a subnet's addresses is enough.
            guard !wants(route.identity),
                !kernel.routes.contains(where: {
                    $0.identity == route.identity || $0.isTwin(of: route)
                })
            else { continue }
            warn(
                interface.config.location,
                "main has lost the connected route \(address.subnet) of "
                    + "\(interface.link.name); it is put back")
            want(.route(route), from: interface.config.location, of: interface.index)
        }
    }

    /// `default via GATEWAY`, in the interface's table and, with its metric, in main.
    private mutating func wantDefault(
        _ path: SourcePath, of interface: ManagedInterface, kernel: KernelState, memory: Memory
    ) {
        guard let gateway = path.gateway else { return }
        let config = interface.config
        let origin = config.gateways[path.family]?.location ?? config.location
        let isFound = config.gateways[path.family]?.choice == .auto
        let found =
            isFound
            ? interface.autoDefault(path.family, memory: memory) : nil
        let isAsked = config.gatewayOnLink || found?.nextHops.first?.isOnLink == true
        guard
            var hop = interface.hop(
                to: gateway, isAsked: isAsked, in: path.table, kernel: kernel, memory: memory)
        else {
            warnOfWaiting("the \(path.family) default route", gateway, origin, interface)
            return
        }
        var route = Route(
            destination: .default(path.family), table: path.table,
            protocol: RouteProtocol(rawValue: `protocol`),
            metric: path.family == .ipv6 ? 1024 : 0, nextHops: [hop])
        want(.route(route), from: origin, of: interface.index)

        guard !isFound, let metric = interface.mainMetric(path.family) else { return }
        if config.addressing == .external, config.routeMetric == nil,
            let other = interface.autoDefault(path.family, memory: memory),
            other.effectiveMetric == metric, other.nextHops.first?.gateway != gateway
        {
            // A router announced itself, and main's default is its owner's affair.
            return
        }
        // Main does not see a link route of our table that reaches the gateway.
        hop =
            interface.hop(
                to: gateway, isAsked: isAsked, in: RouteTable.main, kernel: kernel, memory: memory)
            ?? NextHop(interface: interface.index, gateway: gateway, isOnLink: true)
        route.nextHops = [hop]
        route.table = RouteTable.main
        route.metric = metric
        refuseSharedMetric(route, origin, interface, kernel)
        want(.route(route), from: origin, of: interface.index)
    }

    /// Main has one default route of each metric.
    private mutating func refuseSharedMetric(
        _ route: Route, _ origin: SourceLocation?, _ interface: ManagedInterface,
        _ kernel: KernelState
    ) {
        guard let other = self[route.identity]?.owner, other != interface.index else { return }
        let name = kernel.links.first { $0.index == other }?.name ?? ""
        conflict(
            interface.config.routeMetric?.location ?? origin,
            "the \(route.family) default routes of \(name) and \(interface.link.name) would have "
                + "the same metric in main (\(route.metric)); write another RouteMetric, or none",
            of: [interface.index, other], leaving: .object(route.identity))
    }

    /// The kernel refuses a route whose gateway it has no way to.
    private mutating func warnOfWaiting(
        _ route: String, _ gateway: IPAddress?, _ origin: SourceLocation?,
        _ interface: ManagedInterface
    ) {
        guard let gateway else { return }
        warn(
            origin,
            "\(route) via \(gateway) waits until \(interface.link.name) has an address or a route "
                + "that reaches it; GatewayOnLink = YES if it is on this link all the same")
    }

    /// A `Routes` entry as the kernel will show it.
    private mutating func route(
        _ entry: RouteConfig, of interface: ManagedInterface, kernel: KernelState, memory: Memory
    ) -> Route? {
        let family = entry.destination.family
        var hops: [NextHop] = []
        if entry.type == .unicast {
            if entry.nextHops.isEmpty {
                guard
                    let hop = interface.hop(
                        to: entry.gateway, isAsked: entry.gatewayOnLink,
                        in: entry.table ?? interface.table, kernel: kernel, memory: memory)
                else {
                    warnOfWaiting(
                        "the route \(entry.destination)", entry.gateway, entry.location, interface)
                    return nil
                }
                hops = [hop]
            }
            for hop in entry.nextHops {
                var index = interface.index
                if let name = hop.interface {
                    guard let link = kernel.links.first(where: { $0.answers(to: name.value) })
                    else {
                        conflict(
                            name.location, "no interface \(name.value) on this host",
                            of: [interface.index], leaving: .removals)
                        return nil
                    }
                    index = link.index
                }
                hops.append(
                    NextHop(
                        interface: index, gateway: hop.gateway, weight: hop.weight,
                        isOnLink: entry.gatewayOnLink && hop.gateway != nil))
            }
        }
        let hasGateway = hops.contains { $0.gateway != nil }
        let isLinkScope = family == .ipv4 && !hops.isEmpty && !hasGateway
        return Route(
            destination: entry.destination, table: entry.table ?? interface.table,
            type: entry.type,
            scope: family == .ipv6 ? .global : entry.scope ?? (isLinkScope ? .link : .global),
            protocol: RouteProtocol(rawValue: `protocol`),
            metric: entry.metric ?? (family == .ipv6 ? 1024 : 0),
            preferredSource: entry.preferredSource, nextHops: hops, mtu: entry.mtu)
    }
}

extension ManagedInterface {
    /// The metric of its default route in main; nil: it has none there.
    func mainMetric(_ family: AddressFamily) -> UInt32? {
        switch config.routeMetric?.value {
        case .some(.none): nil
        case .metric(let metric): family == .ipv6 && metric == 0 ? 1024 : metric
        case nil:
            switch family {
            case .ipv4: config.isPrimary ? 0 : table
            case .ipv6: config.isPrimary ? 1024 : UInt32(clamping: UInt64(table) + 1024)
            }
        }
    }

    /// What main holds through this interface, as its own table needs it: every unicast route but
    /// defaults, ours and routing daemons', the best of each destination, without source and metric.
    ///
    /// - Parameter isWritten: the file wants it in main, so it is ours, or will be when adopted.
    func copiesOfMain(
        _ family: AddressFamily, _ all: FinalAddresses, memory: Memory,
        besides isWritten: (Route) -> Bool
    ) -> [Route] {
        var copies = connectedSubnets(family).map { subnet in
            Route(
                destination: subnet, scope: family == .ipv4 ? .link : .global,
                nextHops: [NextHop(interface: index)])
        }
        if config.mainRoutes == .prefer {
            let connected = copies
            let others = mainRoutes.filter { route in
                isCopied(route, family, memory) && !isWritten(route)
                    && !goesWithSource(route, all)
                    && !connected.contains { $0.destination == route.destination }
            }
            for route in others.sorted(by: Route.precedes)
            where copies.last?.destination != route.destination {
                copies.append(route)
            }
        }
        return copies.map { route in
            var copy = route
            copy.metric = family == .ipv6 ? 1024 : 0
            copy.preferredSource = nil
            copy.flags = 0
            // A router refreshes that of main's alone.
            copy.lifetime = nil
            copy.otherAttributes = route.otherAttributes.filter(\.isCopiedWithRoute)
            for hop in copy.nextHops.indices { copy.nextHops[hop].isDead = false }
            return copy
        }
    }

    /// The kernel takes an IPv4 route with the address that is its source; an IPv6 one loses it.
    private func goesWithSource(_ route: Route, _ all: FinalAddresses) -> Bool {
        route.family == .ipv4 && route.preferredSource.map { !all.isHeld($0) } ?? false
    }

    private func isCopied(_ route: Route, _ family: AddressFamily, _ memory: Memory) -> Bool {
        route.family == family && route.type == .unicast && !route.destination.isDefault
            && !route.isConnected
            && !route.protocol.isRoutingDaemon && !memory.owns(route)
            && route.nextHops.allSatisfy { $0.interface == index }
    }

    /// The subnets that main will reach through this link without a gateway because the kernel
    /// says so: those of its addresses, and those that a router announced.
    private func connectedSubnets(_ family: AddressFamily) -> [IPPrefix] {
        var subnets: [IPPrefix] = family == .ipv6 ? [.linkLocal] : []
        for address in addresses
        where address.family == family && connects(address)
            && !(family == .ipv6 && address.address.isLinkLocal)
        {
            let subnet = address.subnet
            let isOpen = address.peer != nil || !subnet.isHost
            if isOpen, subnets.last != subnet { subnets.append(subnet) }
        }
        // Each IPv6 host address has a route of its own.
        lazy var own = Set(addresses.map(\.address))
        for route in mainRoutes
        where route.family == family && route.isConnected && route.nextHops.count == 1 {
            let subnet = route.destination
            let isOwn = subnet.isHost && own.contains(subnet.address)
            if !isOwn, !isLeaving(route) { subnets.append(subnet) }
        }
        return subnets.sortedOnce()
    }
}

extension Route {
    /// By destination, then by metric: the first of each destination is the one that counts.
    fileprivate static func precedes(_ a: Route, _ b: Route) -> Bool {
        (a.destination, a.effectiveMetric) < (b.destination, b.effectiveMetric)
    }
}

extension IPPrefix {
    /// fe80::/64, which every IPv6 link has.
    fileprivate static let linkLocal = IPPrefix(
        IPAddress(family: .ipv6, bits: 0xFE80 << 112), length: 64)
}
