import Netlink

@testable import DataPlane

/// What one table answered.
struct Match: Hashable {
    var route: Route
    /// Those of its next hops that are alive and fit.
    var hops: [NextHop]

    var rejection: Fate? {
        switch route.type {
        case .unreachable: .rejected(.host)
        case .blackhole: .rejected(.blackhole)
        case .prohibit: .rejected(.prohibited)
        default: nil
        }
    }

    var outcome: Fate {
        if let rejection { return rejection }
        if route.type == .local { return .local }
        return .out(
            Set(
                hops.compactMap { hop in
                    hop.interface.map { Exit(interface: $0, gateway: hop.gateway) }
                }))
    }
}

extension KernelState {
    /// The longest prefix with a way out that is alive; among equals the lowest metric, then the
    /// oldest.
    ///
    /// - Parameter scope: routes of a wider scope do not count (IPv4, `flowi4_scope`).
    /// - Returns: nil where the next rule is asked: nothing matched, or a `throw` route did.
    func match(_ packet: Packet, in table: UInt32, atLeast scope: RouteScope = .global) -> Match? {
        var best: Match?
        for route in routes
        where route.table == table && route.destination.contains(packet.destination)
            && route.typeOfService == 0 && route.scope.rawValue >= scope.rawValue
        {
            guard let match = usable(route, by: packet) else { continue }
            if let best, !match.beats(best, for: packet) { continue }
            best = match
        }
        return best?.route.type == .throw ? nil : best
    }

    private func usable(_ route: Route, by packet: Packet) -> Match? {
        if route.isReject {
            // The device of an IPv6 one is lo, which is not the one that was asked for.
            let isOtherDevice = route.family == .ipv6 && packet.device != nil
            return isOtherDevice ? nil : Match(route: route, hops: [])
        }
        let hops = route.nextHops.filter { hop in
            guard isUp(hop.interface), !hop.isDead else { return false }
            return packet.device == nil || packet.device == hop.interface
        }
        return hops.isEmpty ? nil : Match(route: route, hops: hops)
    }
}

extension Match {
    fileprivate func beats(_ other: Match, for packet: Packet) -> Bool {
        let (mine, theirs) = (route.destination.length, other.route.destination.length)
        guard mine == theirs else { return mine > theirs }
        guard route.effectiveMetric == other.route.effectiveMetric else {
            return route.effectiveMetric < other.route.effectiveMetric
        }
        // rt6_score_route: IPv6 likes to forward a packet by the interface it came in.
        func returns(_ match: Match) -> Bool {
            match.hops.contains { $0.interface == packet.incoming }
        }
        return route.family == .ipv6 && packet.incoming != nil && returns(self) && !returns(other)
    }
}
