import Netlink
import SystemPackage

@testable import DataPlane

extension KernelState {
    /// `NLM_F_CREATE` with `NLM_F_EXCL` or `NLM_F_REPLACE`; connected routes with `NLM_F_APPEND`.
    mutating func add(_ new: Route, replacing: Bool) throws(KernelError) {
        let route = try resolved(new)
        let index = routes.firstIndex { $0.identity == route.identity }
        if let index {
            guard replacing else { throw KernelError("add route", .fileExists) }
            routes[index] = route
        } else {
            routes.append(route)
        }
    }

    /// fib_create_info and ip6_route_info_create: what is asked, with the devices it leads to.
    private func resolved(_ new: Route) throws(KernelError) -> Route {
        func refuse(_ errno: Errno, _ message: String? = nil) -> KernelError {
            KernelError("add route", errno, message: message)
        }
        var route = new
        if route.family == .ipv6 && route.metric == 0 { route.metric = 1024 }
        if route.isReject {
            guard route.nextHops.isEmpty else {
                throw refuse(
                    .invalidArgument,
                    "Gateway, device and multipath can not be specified for this route type")
            }
            return route
        }
        guard !route.nextHops.isEmpty else { throw refuse(.operationNotSupportedByDevice) }
        for index in route.nextHops.indices {
            let hop = route.nextHops[index]
            if route.scope == .host && hop.gateway != nil {
                throw refuse(.invalidArgument, "Route with host scope can not have a gateway")
            }
            if let interface = hop.interface {
                guard let link = link(interface) else {
                    throw refuse(.operationNotSupportedByDevice)
                }
                if !link.isUp && (hop.gateway == nil || route.family == .ipv6) {
                    throw refuse(.networkDown, "Device for nexthop is not up")
                }
                if route.family == .ipv6 && !hasIPv6(on: link) {
                    throw refuse(.permissionDenied, "IPv6 is disabled on nexthop device")
                }
            }
            guard let gateway = hop.gateway else { continue }
            let device = try device(towards: gateway, hop: hop, of: route)
            route.nextHops[index].interface = device
        }
        if let source = route.preferredSource, !isLocal(source) {
            throw refuse(
                .invalidArgument,
                source.family == .ipv4 ? "Invalid prefsrc address" : "Invalid source address")
        }
        return route
    }

    /// fib_check_nh_v4_gw and ip6_validate_gw.
    private func device(
        towards gateway: IPAddress, hop: NextHop, of route: Route
    ) throws(KernelError) -> InterfaceIndex {
        func refuse(_ errno: Errno, _ message: String?) -> KernelError {
            KernelError("add route", errno, message: message)
        }
        let isIPv6 = gateway.family == .ipv6
        if isIPv6 || hop.isOnLink, isLocal(gateway) {
            throw refuse(
                .invalidArgument,
                isIPv6 ? "Gateway can not be a local address" : "Nexthop has invalid gateway")
        }
        if let interface = hop.interface, hop.isOnLink || gateway.isLinkLocal {
            // ip6_route_check_nh_onlink: unless main knows it elsewhere
            if isIPv6 && !gateway.isLinkLocal,
                let known = match(Packet(to: gateway), in: RouteTable.main),
                !known.route.destination.isDefault, known.rejection == nil,
                known.hops.first?.interface != interface
            {
                throw refuse(.invalidArgument, "Nexthop has invalid gateway or device mismatch")
            }
            if !isUp(interface) { throw refuse(.networkDown, "Nexthop device is not up") }
            return interface
        }
        let packet = Packet(to: gateway, device: hop.interface)
        // The route's own table first (IPv4: unless it is main), then the rules; only what is on
        // link counts.
        let asksTable = isIPv6 || route.table != RouteTable.main
        let own =
            asksTable ? match(packet, in: route.table, atLeast: isIPv6 ? .global : .link) : nil
        let match = own.flatMap(\.onLink) ?? onLink(packet)
        guard let device = match?.hops.first?.interface else {
            throw isIPv6
                ? refuse(.noRouteToHost, nil)
                : refuse(.networkUnreachable, "Nexthop has invalid gateway")
        }
        if !isUp(device) { throw refuse(.networkDown, "Nexthop device is not up") }
        return device
    }

    private func onLink(_ packet: Packet) -> Match? {
        if packet.destination.family == .ipv6 { return resolve(packet).match.flatMap(\.onLink) }
        // An IPv4 gateway may be an address of this host, and then leads to its interface.
        let own = addresses.first {
            $0.address == packet.destination
                && (packet.device == nil || packet.device == $0.interface)
        }
        if let own {
            let hop = NextHop(interface: own.interface)
            return Match(
                route: Route(destination: .host(own.address), nextHops: [hop]), hops: [hop])
        }
        var state = self
        state.routes.removeAll { $0.scope.rawValue < RouteScope.link.rawValue }
        return state.resolve(packet).match.flatMap { $0.rejection == nil ? $0 : nil }
    }

    mutating func remove(_ route: Route) throws(KernelError) {
        guard let index = routes.firstIndex(where: { $0.fits(route) }) else {
            throw KernelError("remove route", .noSuchProcess)
        }
        routes.remove(at: index)
    }

    /// fib_sync_down_dev: a multipath route stays while one of its ways is alive.
    mutating func dropRoutes(_ family: AddressFamily, through interface: InterfaceIndex) {
        for index in routes.indices where routes[index].family == family {
            for hop in routes[index].nextHops.indices
            where routes[index].nextHops[hop].interface == interface {
                routes[index].nextHops[hop].isDead = true
            }
        }
        routes.removeAll {
            $0.family == family && !$0.nextHops.isEmpty && $0.nextHops.allSatisfy(\.isDead)
        }
    }

    /// fib_sync_up
    mutating func reviveRoutes(_ family: AddressFamily, through interface: InterfaceIndex) {
        for index in routes.indices where routes[index].family == family {
            for hop in routes[index].nextHops.indices
            where routes[index].nextHops[hop].interface == interface {
                routes[index].nextHops[hop].isDead = false
            }
        }
    }
}

extension Match {
    fileprivate var onLink: Match? {
        route.isReject || hops.first?.gateway != nil ? nil : self
    }
}

extension Route {
    /// fib_table_delete and ip6_route_del: IPv6 looks at neither type nor scope nor source.
    fileprivate func fits(_ wanted: Route) -> Bool {
        guard table == wanted.table, destination == wanted.destination,
            typeOfService == wanted.typeOfService,
            wanted.metric == 0 || effectiveMetric == wanted.effectiveMetric,
            wanted.protocol == .unspecified || `protocol` == wanted.protocol
        else { return false }
        if family == .ipv4 {
            guard type == wanted.type, scope == wanted.scope,
                wanted.preferredSource == nil || preferredSource == wanted.preferredSource
            else { return false }
        }
        guard !wanted.nextHops.isEmpty else { return true }
        return nextHops.count == wanted.nextHops.count
            && zip(nextHops, wanted.nextHops).allSatisfy { hop, wanted in
                (wanted.interface == nil || hop.interface == wanted.interface)
                    && (wanted.gateway == nil || hop.gateway == wanted.gateway)
            }
    }
}
