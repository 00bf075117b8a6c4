import Netlink
import Plist

extension Phase {
    fileprivate static let makingRoutes = [Phase.settledRoutes, .routes, .mainDefaults]
}

extension Planner {
    /// What the kernel takes with what the plan takes away: shown where it is others', and put back
    /// where the kernel can hold it.
    mutating func planSideEffects() {
        while true {
            let (steps, warnings) = (steps, warnings)
            (putBack, lost) = ([], [])
            findSideEffects()
            let found = self
            (self.steps, self.warnings) = (steps, warnings)
            // What causes a conflict that is accepted is left as it is, and takes nothing along.
            guard leaveConflicting() else {
                self = found
                return
            }
        }
    }

    private mutating func findSideEffects() {
        let loss = AddressLoss(steps, kernel)
        let replaced = postponeRoutes(loss)
        let taken =
            loss.isEmpty
            ? []
            : kernel.routes.filter { !replaced.contains($0) && loss.cause(of: $0) != nil }
        for route in taken where past.owns(route) {
            if let entry = desired[route.identity] { add(.putBack, entry.object, entry) }
        }
        let foreign = taken.filter { !past.owns($0) }
        for route in foreign {
            guard let cause = loss.cause(of: route) else { continue }
            noteLoss(
                .route(route), owner: route.nextHops.first?.interface, with: "\(cause.address)",
                by: (cause.interface, .removals))
        }
        planLostSources(loss)
        planLinksGoingDown()
        putBack(foreign, after: loss, except: replaced)
        // A gateway must be reachable before the route that names it.
        steps[.putBack] = steps[.putBack].sortedStably(by: \.object.hasGateway)
    }

    /// The kernel keeps an IPv6 route whose source leaves, and takes that out of it
    /// (rt6_remove_prefsrc, net/ipv6/route.c).
    private mutating func planLostSources(_ loss: AddressLoss) {
        for route in kernel.routes where loss.takesSource(of: route) && !past.owns(route) {
            var bare = route
            bare.preferredSource = nil
            steps[.addressRemovals].append(
                Change(
                    .replace(.route(route), with: .route(bare)),
                    owner: route.nextHops.first?.interface,
                    note: "foreign, loses its source", isSideEffect: true))
        }
    }

    /// A route that would go with an address, or lead to it, is made when that is gone.
    ///
    /// - Returns: the routes that the plan replaces.
    private mutating func postponeRoutes(_ loss: AddressLoss) -> Set<Route> {
        var replaced: Set<Route> = []
        for phase in Phase.makingRoutes {
            var early: [Change] = []
            for var change in steps[phase] {
                let old: Route? =
                    if case .replace(.route(let old), _) = change.action { old } else { nil }
                if let old { replaced.insert(old) }
                guard case .route(let route) = change.object,
                    loss.cause(of: route) != nil || loss.frees(gatewayOf: route)
                else {
                    early.append(change)
                    continue
                }
                if let old, loss.cause(of: old) != nil { change.action = .add(.route(route)) }
                steps[.putBack].append(change)
            }
            steps[phase] = early
        }
        return replaced
    }

    /// Others' routes go back where something still leads to their gateways: those that this plan
    /// takes, and those that an interrupted run took.
    private mutating func putBack(
        _ taken: [Route], after loss: AddressLoss, except replaced: Set<Route>
    ) {
        let pending = past.pending.compactMap { object -> Route? in
            guard case .route(let route) = object, !desired.wants(route.identity),
                !kernel.routes.contains(where: { $0.identity == route.identity })
            else { return nil }
            return route
        }
        guard !taken.isEmpty || !pending.isEmpty else { return }
        let upLinks = Set(kernel.links.filter(\.isUp).map(\.index))
        var ground = RouteGround(
            links: upLinks.subtracting(linksGoingDown), addresses: loss.remaining)
        for route in kernel.routes
        where loss.cause(of: route) == nil && !replaced.contains(route)
            && (!past.owns(route) || desired.wants(route.identity))
        {
            ground.add(route)
        }
        for change in (Phase.makingRoutes + [.putBack]).flatMap({ steps[$0] }) {
            if case .route(let route) = change.object { ground.add(route) }
        }
        let taking = Set(taken)
        for route in (taken + pending).sortedStably(by: \.hasGateway) {
            guard ground.carries(route) else {
                if let entry = desired[route.identity] {
                    // What stood where one of ours is wanted.
                    add(.putBack, entry.object, entry)
                } else if !taking.contains(route) {
                    warnings.append(
                        .init(
                            .warning,
                            "the foreign \(describe(.route(route))), which an interrupted run took "
                                + "with an address, cannot be put back: nothing leads there now"))
                }
                continue
            }
            ground.add(route)
            if taking.contains(route) { putBack.append(.route(route)) }
            steps[.putBack].append(
                Change(
                    .add(.route(route)), owner: route.nextHops.first?.interface,
                    note: "foreign, put back"))
        }
    }

    private var linksGoingDown: Set<InterfaceIndex> {
        Set(
            steps[.irreversible].compactMap { change in
                guard case .link(let setting) = change.object, setting.value == .up(false) else {
                    return nil
                }
                return setting.interface
            })
    }

    /// A link that goes down loses its routes and its IPv6 addresses, whoever made them; one
    /// without IPv6 what it has of that family.
    private mutating func planLinksGoingDown() {
        for change in steps[.writeThrough] + steps[.irreversible] {
            let extent = Conflict.Extent.object(change.object.identity)
            switch change.action {
            case .replace(_, with: .link(let setting)) where setting.value == .up(false):
                planLoss(of: AddressFamily.allCases, on: setting.interface, leaving: extent)
            case .replace(_, with: .link(let setting)):
                planLoss(of: [.ipv6], on: setting.interface, leaving: extent)
            case .replace(_, with: .sysctl(let setting)):
                guard let named = setting.name.ofInterface, named.key == "disable_ipv6",
                    setting.value != "0"
                else { continue }
                for link in kernel.links where [link.name, "all"].contains(named.interface) {
                    planLoss(of: [.ipv6], on: link.index, leaving: extent)
                }
            default: break
            }
        }
    }

    private mutating func planLoss(
        of families: [AddressFamily], on interface: InterfaceIndex, leaving extent: Conflict.Extent
    ) {
        let name = names.name(of: interface)
        for route in kernel.routes
        where families.contains(route.family) && !past.owns(route) && !route.isConnected
            && route.leavesOnly(through: interface)
        {
            noteLoss(.route(route), owner: interface, with: name, by: (interface, extent))
        }
        for address in kernel.addresses
        where address.interface == interface && address.family == .ipv6 && address.isGlobal
            && families.contains(.ipv6) && !past.owns(address)
        {
            noteLoss(.address(address), owner: interface, with: name, by: (interface, extent))
        }
    }

    /// - Parameter leaver: what is left as it is where that must not be.
    private mutating func noteLoss(
        _ object: KernelObject, owner: InterfaceIndex?, with cause: String,
        by leaver: (interface: InterfaceIndex, extent: Conflict.Extent)
    ) {
        guard lost.insert(object).inserted else { return }
        steps[.addressRemovals].append(
            Change(
                .remove(object), owner: owner, note: "foreign, goes with \(cause)",
                isSideEffect: true))
        guard case .route(let route) = object, route.destination.isDefault, !options.force else {
            return
        }
        conflicts.append(
            Conflict(
                nil,
                "the foreign \(describe(object)) would go with \(cause); "
                    + "if that is meant: --force",
                of: [leaver.interface], leaving: leaver.extent))
    }
}

extension Route {
    /// A route with another next hop besides stays when the interface goes.
    fileprivate func leavesOnly(through interface: InterfaceIndex) -> Bool {
        !nextHops.isEmpty && nextHops.allSatisfy { $0.interface == interface }
    }
}
