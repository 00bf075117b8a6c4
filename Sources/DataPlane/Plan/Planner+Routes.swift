import Netlink
import Plist

extension Planner {
    /// Routes that are missing, take another path, or are ours and no longer wanted.
    mutating func planRoutes() {
        let observed = Dictionary(
            grouping: kernel.routes.filter { desired.wants($0.identity) }, by: \.identity)
        for entry in desired.wanted {
            guard case .route(let route) = entry.object else { continue }
            let there = observed[route.identity] ?? connectedRoutes(like: route)
            if there.contains(where: { $0.isEqual(to: route) && $0.protocol == route.protocol }) {
                continue
            }
            if let ours = there.first(where: { past.owns($0) }) {
                replace(phase(of: route, entry), .route(ours), with: .route(route), entry)
            } else if let foreign = there.first(where: { $0.hasSamePath(as: route) }) {
                if options.adopt {
                    replace(
                        phase(of: route, entry), .route(foreign), with: .route(route), entry)
                } else if route.isMissed(in: foreign) {
                    warnings.append(
                        .init(
                            .warning, at: entry.origin,
                            "the foreign \(describe(.route(foreign))) is left as it is, though "
                                + "\(describe(.route(route))) is wanted; --adopt changes it"))
                }
            } else if let foreign = there.first {
                // Another NIC's way out: without it that NIC would lose its gateway.
                let cure =
                    route.destination.isDefault && route.table == RouteTable.main
                        && foreign.nextHops.first?.interface != entry.owner
                    ? "write another metric (RouteMetric), or none"
                    : "remove it: \(foreign.deleteCommand(names: names))"
                conflicts.append(
                    Conflict(
                        entry.origin,
                        "a foreign route stands where \(describe(.route(route))) is wanted: "
                            + "\(describe(.route(foreign))); \(cure)",
                        of: entry.owner.map { [$0] } ?? [], leaving: .removals))
            } else {
                add(phase(of: route, entry), entry.object, entry)
            }
        }
        // A gateway must be reachable before the route that names it.
        for phase in [Phase.settledRoutes, .routes] {
            steps[phase] = steps[phase].sortedStably(by: \.object.hasGateway)
        }
        removeUnwantedRoutes()
    }

    /// The kernel's own that stand where another one is wanted.
    private func connectedRoutes(like route: Route) -> [Route] {
        guard route.family == .ipv6, route.table == RouteTable.main, !route.isConnected,
            !route.destination.isDefault
        else { return [] }
        return kernel.routes.filter {
            $0.isConnected && $0.destination == route.destination
                && $0.effectiveMetric == route.effectiveMetric && $0.table == route.table
        }
    }

    private func phase(of route: Route, _ entry: DesiredState.Wanted) -> Phase {
        if route.table == RouteTable.main {
            return route.destination.isDefault ? .mainDefaults : .routes
        }
        guard let owner = entry.owner,
            settled.contains(SettledPath(interface: owner, family: route.family)),
            desired.paths.contains(where: { $0.interface == owner && $0.table == route.table })
        else { return .routes }
        return .settledRoutes
    }

    /// Ours that nothing wants any more. A table that sources look into until late goes late.
    private mutating func removeUnwantedRoutes() {
        let unwanted = kernel.routes.filter {
            past.owns($0) && !desired.wants($0.identity)
        }
        guard !unwanted.isEmpty || !detourRoutes.isEmpty else { return }
        let lateTables = Set(
            lateRules.map { rule in [UInt32(rule.family.rawValue), rule.table] })
        // The kernel takes a route with its source, and an interface's IPv4 routes with its last
        // IPv4 address: those cannot wait.
        let lasting = Set(
            kernel.addresses.filter { $0.family == .ipv4 && stays($0) }.map(\.interface))
        func canWait(_ route: Route) -> Bool {
            route.preferredSource == nil
                && (route.family == .ipv6
                    || route.nextHops.allSatisfy { $0.interface.map(lasting.contains) ?? true })
        }
        var removals = Steps()
        for route in unwanted + detourRoutes {
            let phase: Phase
            if contestedTables.contains(route.table) {
                phase = .scratchClearing
            } else if route.table == RouteTable.main, route.destination.isDefault {
                phase = .mainDefaultRemovals
            } else if canWait(route),
                lateTables.contains([UInt32(route.family.rawValue), route.table])
            {
                phase = .lateRouteRemovals
            } else {
                phase = .routeRemovals
            }
            removals.append(
                Change(.remove(.route(route)), owner: route.nextHops.first?.interface), to: phase)
        }
        for phase in Phase.allCases where !removals[phase].isEmpty {
            steps[phase] = removals[phase].sortedStably { !$0.object.hasGateway }
        }
    }

    /// Leads the sources of every table that changes hands through a copy of it, so that nobody
    /// ever looks into a table that is another interface's already.
    mutating func planScratchTables() {
        let ours = Dictionary(grouping: kernel.routes.filter { past.owns($0) }, by: \.table)
        var taken = Set(kernel.routes.map(\.table)).union(desired.paths.map(\.table))
        for path in desired.paths.sorted(by: { $0.table < $1.table })
        where !contestedTables.contains(path.table) {
            let others = (ours[path.table] ?? []).filter { route in
                route.nextHops.contains { $0.interface != path.interface }
            }
            guard let leaving = others.first(where: { !keepsLink($0) }) else { continue }
            contestedTables.insert(path.table)
            let rules = kernel.rules.filter {
                $0.table == path.table && $0.action == .lookup && past.owns($0)
            }
            guard let owner = leaving.nextHops.first?.interface, !rules.isEmpty,
                let scratch = (4_000_000_000...UInt32.max).first(where: { !taken.contains($0) })
            else { continue }
            taken.insert(scratch)
            lead(rules, from: path.table, through: scratch, of: owner)
        }
    }

    /// Whether a route stays, and leads out of the interfaces that it does.
    private func keepsLink(_ route: Route) -> Bool {
        guard case .route(let wanted)? = desired[route.identity]?.object else { return false }
        return wanted.nextHops.map(\.interface) == route.nextHops.map(\.interface)
    }

    private mutating func lead(
        _ rules: [Rule], from table: UInt32, through scratch: UInt32, of owner: InterfaceIndex
    ) {
        func append(_ phase: Phase, _ action: Change.Action) {
            steps.append(
                Change(action, owner: owner, note: "while table \(table) changes hands"),
                to: phase)
        }
        let routes = kernel.routes.filter { $0.table == table }.map { route in
            var copy = route
            copy.table = scratch
            copy.protocol = RouteProtocol(rawValue: desired.protocol)
            return copy
        }
        for route in routes.sortedStably(by: { !$0.nextHops.allSatisfy { $0.gateway == nil } }) {
            append(.scratchRoutes, .add(.route(route)))
        }
        for rule in rules {
            var detour = rule
            detour.table = scratch
            detour.protocol = RouteProtocol(rawValue: desired.protocol)
            append(.scratchRules, .add(.rule(detour)))
            append(.scratchSwitch, .remove(.rule(rule)))
            detourRules.append(detour)
            replacedRules.insert(rule)
        }
        detourRoutes += routes
    }
}

extension Route {
    /// Whether a route of the same path lacks what the file says of it.
    fileprivate func isMissed(in other: Route) -> Bool {
        self.protocol != .kernel
            && (mtu != nil && other.mtu != mtu
                || preferredSource != nil && other.preferredSource != preferredSource)
    }

    /// Whether it needs another one to reach its gateway.
    var hasGateway: Bool { nextHops.contains { $0.gateway != nil } }
}

extension KernelObject {
    /// Whether it is a route that needs another one to reach its gateway.
    var hasGateway: Bool {
        if case .route(let route) = self { route.hasGateway } else { false }
    }
}

extension Array {
    /// False before true, otherwise in the order they have.
    func sortedStably(by isLate: (Element) -> Bool) -> [Element] {
        filter { !isLate($0) } + filter(isLate)
    }
}
