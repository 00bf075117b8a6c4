import DataPlane
import Netlink

/// An interface's gateways and what its default routes in main look like.
struct DefaultRoutes {
    private struct Choice {
        var gateway: IPAddress
        var isOnLink: Bool
        /// nil: no default route in main through it.
        var mainMetric: UInt32?
        var origin: Origin
    }

    /// `Gateway` and `GatewayOnLink`.
    private(set) var pieces: [Piece] = []
    /// `RouteMetric`; nil: its default is right.
    private(set) var routeMetric: String?
    /// Default routes in main that `RouteMetric` does not say.
    private(set) var others: [ImportedRoute] = []
    private(set) var notes: [Note] = []
    private var choices: [AddressFamily: Choice] = [:]
    /// Default routes in main that would equal or beat the primary's.
    private var beating: [ImportedRoute] = []

    init(of index: Int, in translation: Translation) {
        let interface = translation.host.interfaces[index]
        let isPrimary = index == translation.primary
        var defaults = translation.routes(of: index).filter(\.isPlainDefault)
        if !isPrimary { dropBeating(&defaults, translation) }
        for family in AddressFamily.allCases {
            choices[family] = Self.choice(
                family, defaults.filter { $0.family == family },
                beating.filter { $0.family == family }, interface,
                table: translation.tables[index])
        }
        sayGateways(interface)
        sayMetric(index, translation)
        sayOthers(defaults, table: translation.tables[index])
    }

    /// Main's default route is the primary's; our reader's plan would refuse these.
    private mutating func dropBeating(_ routes: inout [ImportedRoute], _ translation: Translation) {
        guard let primary = translation.primary else { return }
        routes.removeAll { route in
            guard route.table == RouteTable.main,
                let best = translation.mainMetric(of: primary, route.family),
                route.effectiveMetric <= best
            else { return false }
            beating.append(route)
            return true
        }
    }

    /// The gateway of the interface's own table, else the best of main, else one that is told only.
    private static func choice(
        _ family: AddressFamily, _ routes: [ImportedRoute], _ beating: [ImportedRoute],
        _ interface: ImportedInterface, table: UInt32?
    ) -> Choice? {
        func best(_ routes: [ImportedRoute]) -> ImportedRoute? {
            routes.min { $0.effectiveMetric < $1.effectiveMetric }
        }
        let main = routes.filter { $0.table == RouteTable.main }
        let own = routes.filter { $0.table == table }
        guard let route = best(own) ?? best(main) ?? best(beating), let gateway = route.gateway
        else {
            return interface.gateways[family].map {
                Choice(
                    gateway: $0.address, isOnLink: $0.isOnLink, mainMetric: nil, origin: $0.origin)
            }
        }
        return Choice(
            gateway: gateway, isOnLink: route.isOnLink,
            mainMetric: main.filter { $0.gateway == gateway }.map(\.effectiveMetric).min(),
            origin: route.origin)
    }

    func gateway(_ family: AddressFamily) -> IPAddress? { choices[family]?.gateway }

    private mutating func sayGateways(_ interface: ImportedInterface) {
        var elements = AddressFamily.allCases.compactMap { family in
            choices[family].map { Piece.string(nil, "\($0.gateway)", $0.origin) }
        }
        let isAutomatic = interface.automatic.contains { choices[$0] == nil }
        if isAutomatic, !elements.isEmpty || !interface.isExternal {
            elements.append(.string(nil, "auto"))
        }
        if elements.count == 1 {
            var only = elements[0]
            only.key = "Gateway"
            pieces.append(only)
        } else if !elements.isEmpty {
            pieces.append(.array("Gateway", elements))
        }
        let needsOnLink = choices.values.contains { choice in
            choice.isOnLink && !interface.addresses.contains { $0.subnet.contains(choice.gateway) }
        }
        if needsOnLink { pieces.append(.string("GatewayOnLink", "YES")) }
        if interface.isExternal, choices.isEmpty,
            interface.automatic.isSubset(of: interface.withoutDefault)
        {
            notes.append(
                Note(
                    interface.place,
                    "\(interface.label) gets no default route in main from which Gateway = auto "
                        + "could take its gateway: write it"))
        }
    }

    // MARK: In main

    private mutating func sayMetric(_ index: Int, _ translation: Translation) {
        guard !choices.isEmpty else { return }
        let isPrimary = index == translation.primary
        let table = translation.tables[index]
        let metrics = choices.mapValues(\.mainMetric)
        defer { noteBeating(index, translation) }
        if !beating.isEmpty, metrics.values.allSatisfy({ $0 == nil }) {
            // The default is behind the primary's, unless that has a large one.
            let bests = beating.compactMap { route in
                translation.primary.flatMap { translation.mainMetric(of: $0, route.family) }
                    .map { (family: route.family, metric: $0) }
            }
            let usual = table ?? 1001
            let isBehind = bests.allSatisfy { family, metric in
                metric < (family == .ipv6 ? usual &+ 1024 : usual)
            }
            if !isBehind, let best = bests.map(\.metric).max() {
                routeMetric = "\(best &+ 1 &+ UInt32(truncatingIfNeeded: index))"
            }
            return
        }
        let usual = metrics.allSatisfy { family, metric in
            guard let metric else { return false }
            if isPrimary { return metric == (family == .ipv4 ? 0 : 1024) }
            return table.map { metric == (family == .ipv4 ? $0 : $0 &+ 1024) } ?? false
        }
        let different = Set(metrics.values)
        if different == [nil] {
            routeMetric = "none"
        } else if usual, isPrimary || choices.count > 1 {
            return
        } else if different.count == 1, let only = different.first, let metric = only {
            routeMetric = "\(metric)"
        } else {
            routeMetric = "none"
        }
    }

    private mutating func noteBeating(_ index: Int, _ translation: Translation) {
        for route in beating {
            let removal = route.removal.map { "; to delete theirs: \($0)" } ?? ""
            let instead =
                routeMetric == "none"
                ? "not carried over" : "it gets \(routeMetric ?? "the usual RouteMetric") instead"
            notes.append(
                route.origin.note(
                    "in main its metric \(route.effectiveMetric) would equal or beat the "
                        + "primary's: \(instead)" + removal))
        }
    }

    private mutating func sayOthers(_ routes: [ImportedRoute], table: UInt32?) {
        for route in routes {
            let choice = choices[route.family]
            if route.table == RouteTable.main {
                let isChosen =
                    route.gateway == choice?.gateway && route.effectiveMetric == choice?.mainMetric
                if isChosen, routeMetric != "none" { continue }
                others.append(route)
            } else if route.table == table, route.gateway == choice?.gateway,
                let removal = route.removal,
                route.effectiveMetric != (route.family == .ipv4 ? 0 : 1024)
            {
                notes.append(
                    route.origin.note(
                        "rtsetup makes it without this metric; after apply, delete theirs: "
                            + removal))
            }
        }
    }
}
