import Netlink
import Plist

extension Planner {
    /// Routes that are missing, take another path, or are ours and no longer wanted.
    mutating func planRoutes() {
        let observed = Dictionary(grouping: kernel.routes, by: \.identity)
        for entry in desired.wanted {
            guard case .route(let route) = entry.object else { continue }
            let there = observed[route.identity] ?? []
            if there.contains(where: { $0.isEqual(to: route) && $0.protocol == route.protocol }) {
                continue
            }
            if let ours = there.first(where: { memory.owns($0) }) {
                replace(.routes, .route(ours), with: .route(route), entry)
            } else if let foreign = there.first(where: { $0.hasSamePath(as: route) }) {
                if options.adopt {
                    replace(.routes, .route(foreign), with: .route(route), entry)
                } else {
                    satisfied.append(.route(foreign))
                }
            } else if let foreign = there.first {
                conflicts.append(
                    .init(
                        .error, at: entry.origin,
                        "a foreign route stands where \(describe(.route(route))) is wanted: "
                            + "\(describe(.route(foreign))); remove it: "
                            + "\(foreign.deleteCommand(names: names))"))
            } else {
                add(.routes, entry.object, entry)
            }
        }
        // A gateway must be reachable before the route that names it.
        steps[.routes] = steps[.routes].sortedStably(by: \.object.hasGateway)

        var unwanted: [Change] = []
        for route in kernel.routes where memory.owns(route) {
            guard !desired.wants(route.identity) else { continue }
            unwanted.append(
                Change(.remove(.route(route)), owner: route.nextHops.first?.interface))
        }
        steps[.routeRemovals] = unwanted.sortedStably { !$0.object.hasGateway }
            + steps[.routeRemovals]
    }

    /// Leads the sources of every table that changes hands through a copy of it, so that nobody
    /// ever looks into a table that is another interface's already.
    mutating func planScratchTables() {
        var owners: [UInt32: InterfaceIndex] = [:]
        for route in kernel.routes where memory.owns(route) {
            guard owners[route.table] == nil, let interface = route.nextHops.first?.interface
            else { continue }
            owners[route.table] = interface
        }
        var taken = Set(kernel.routes.map(\.table)).union(desired.paths.map(\.table))
        for table in Set(desired.paths.map(\.table)).sorted() {
            guard let owner = owners[table],
                !desired.paths.contains(where: { $0.table == table && $0.interface == owner })
            else { continue }
            let rules = kernel.rules.filter {
                $0.table == table && $0.action == .lookup && memory.owns($0)
            }
            guard !rules.isEmpty,
                let scratch = (4_000_000_000...UInt32.max).first(where: { !taken.contains($0) })
            else { continue }
            taken.insert(scratch)
            lead(rules, from: table, through: scratch, of: owner)
        }
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
            append(.ruleRemovals, .remove(.rule(detour)))
            replacedRules.insert(rule)
        }
        for route in routes.reversed() { append(.routeRemovals, .remove(.route(route))) }
    }
}

extension KernelObject {
    /// Whether it is a route that needs another one to reach its gateway.
    fileprivate var hasGateway: Bool {
        guard case .route(let route) = self else { return false }
        return route.nextHops.contains { $0.gateway != nil }
    }
}

extension Array {
    /// False before true, otherwise in the order they have.
    func sortedStably(by isLate: (Element) -> Bool) -> [Element] {
        filter { !isLate($0) } + filter(isLate)
    }
}
