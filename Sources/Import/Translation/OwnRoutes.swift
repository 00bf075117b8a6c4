import DataPlane
import Netlink

/// `Routes` of an interface: what main holds through it stands in main and in its own table, as
/// its addresses look into that one.
struct OwnRoutes {
    private(set) var pieces: [Piece] = []
    private(set) var notes: [Note] = []

    private struct Key: Hashable {
        /// nil: the interface's own.
        var table: UInt32?
        var destination: IPPrefix
        var metric: UInt32
    }

    private var seen: Set<Key> = []

    init(of index: Int, in translation: Translation, defaults: DefaultRoutes) {
        let interface = translation.host.interfaces[index]
        let table = translation.tables[index]
        let routes = translation.routes(of: index).filter { route in
            !route.isPlainDefault && !Self.comesWithAddress(route, interface)
        }
        // Their own table first: it wins over copies of main.
        for route in routes where route.table == table { add(route, table: nil) }
        for route in translation.routes(of: index)
        where route.isPlainDefault && route.table != RouteTable.main {
            if route.table != table {
                add(route, table: route.table)
            } else if route.gateway != defaults.gateway(route.family) {
                add(route, table: nil)
            }
        }
        for route in defaults.others { add(route, table: RouteTable.main) }
        for route in routes where route.table == RouteTable.main {
            add(route, table: RouteTable.main)
            // What leaves by other NICs as well is main's alone.
            let isOwn = route.hops.allSatisfy { hop in
                hop.device.map { translation.index(ofDevice: $0) == index } ?? true
            }
            guard isOwn, route.type == .unicast, !route.destination.isDefault,
                !seen.contains(where: { $0.table == nil && $0.destination == route.destination })
            else { continue }
            var copy = route
            copy.metric = nil
            copy.source = nil
            add(copy, table: nil)
        }
        for route in routes where route.table != table && route.table != RouteTable.main {
            add(route, table: route.table)
        }
    }

    /// Connected routes are the kernel's, and those of the table rtsetup's own.
    private static func comesWithAddress(
        _ route: ImportedRoute, _ interface: ImportedInterface
    ) -> Bool {
        guard route.type == .unicast, route.hops.count == 1, route.gateway == nil else {
            return false
        }
        return interface.addresses.contains { $0.subnet == route.destination }
    }

    private mutating func add(_ route: ImportedRoute, table: UInt32?) {
        let key = Key(table: table, destination: route.destination, metric: route.effectiveMetric)
        guard seen.insert(key).inserted else {
            notes.append(
                route.origin.note(
                    "not carried over: a route of the same destination and metric is there"))
            return
        }
        pieces.append(piece(route, table: table))
    }

    private func piece(_ route: ImportedRoute, table: UInt32?) -> Piece {
        var entries: [Piece] = []
        func add(_ key: String, _ value: String?) {
            if let value { entries.append(.string(key, value)) }
        }
        let hasGateway = route.hops.contains { $0.gateway != nil }
        let isDefault = route.destination.isDefault && hasGateway
        add("Destination", isDefault ? "default" : "\(route.destination)")
        add("Gateway", route.gateway.map { "\($0)" })
        if route.isOnLink, hasGateway { add("GatewayOnLink", "YES") }
        if route.hops.count > 1 {
            entries.append(.array("NextHops", route.hops.map(piece)))
        }
        add("Metric", route.metric.map { "\($0)" })
        add("PreferredSource", route.source.map { "\($0)" })
        if route.family == .ipv4, let scope = route.scope,
            scope != (hasGateway || route.type != .unicast ? .global : .link)
        {
            add("Scope", scope.description)
        }
        if route.type != .unicast { add("Type", route.type.description) }
        add("MTU", route.mtu.map { "\($0)" })
        if let table { add("Table", table == RouteTable.main ? "main" : "\(table)") }
        return .dictionary(nil, entries, route.origin)
    }

    private func piece(_ hop: ImportedRoute.Hop) -> Piece {
        var entries: [Piece] = []
        if let gateway = hop.gateway { entries.append(.string("Gateway", "\(gateway)")) }
        if let device = hop.device { entries.append(.string("Interface", device)) }
        if hop.weight != 1 { entries.append(.string("Weight", "\(hop.weight)")) }
        return .dictionary(nil, entries)
    }
}
