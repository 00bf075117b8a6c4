import Netlink
import Plist

extension Planner {
    /// What the kernel takes from others with what the plan takes away: shown, and put back where
    /// the kernel can hold it.
    ///
    /// Source: fib_sync_down_addr and fib_disable_ip (net/ipv4/fib_frontend.c),
    /// addrconf_ifdown (net/ipv6/addrconf.c).
    mutating func planSideEffects() {
        let removed: [InterfaceAddress] = steps[.addressRemovals].compactMap {
            guard case .remove(.address(let address)) = $0.action else { return nil }
            return address.family == .ipv4 ? address : nil
        }
        let gone = Set(removed.map(\.identity))
        let remaining =
            kernel.addresses.filter { !gone.contains($0.identity) }
            + steps[.addresses].compactMap {
                guard case .add(.address(let address)) = $0.action else { return nil }
                return address
            }
        for interface in Set(removed.map(\.interface)).sorted() {
            let leaving = removed.filter { $0.interface == interface }
            guard let last = leaving.last else { continue }
            let isEmptied = !remaining.contains {
                $0.interface == interface && $0.family == .ipv4
            }
            for route in kernel.routes where route.family == .ipv4 && !route.isConnected {
                let source = leaving.first { address in
                    route.preferredSource == address.address
                        && route.table == RouteTable.main
                        && !remaining.contains { $0.address == address.address }
                }
                guard source != nil || isEmptied && route.leavesOnly(through: interface) else {
                    continue
                }
                lose(route, with: source ?? last, mayReturn: source == nil, remaining: remaining)
            }
        }
        planLinksGoingDown()
    }

    /// What an interrupted run took from its owner goes back to it.
    mutating func planPending() {
        for case .route(let route) in memory.pending {
            let isThere = kernel.routes.contains { $0.identity == route.identity }
            let canBeThere = route.nextHops.allSatisfy { hop in
                kernel.links.contains { $0.index == hop.interface && $0.isUp }
            }
            guard !isThere, canBeThere else { continue }
            steps[.putBack].append(
                Change(
                    .add(.route(route)), owner: route.nextHops.first?.interface,
                    note: "foreign, put back"))
        }
    }

    private mutating func lose(
        _ route: Route, with address: InterfaceAddress, mayReturn: Bool,
        remaining: [InterfaceAddress]
    ) {
        if past.owns(route) {
            // One that the plan moves to another interface is not lost with this one.
            guard let entry = desired[route.identity], case .route(let then) = entry.object,
                then.nextHops.contains(where: { $0.interface == address.interface })
            else { return }
            add(.putBack, entry.object, entry)
            return
        }
        noteLoss(
            .route(route), owner: route.nextHops.first?.interface, with: "\(address.address)",
            isDefault: route.destination.isDefault && route.table == RouteTable.main)
        let isSourceLocal =
            route.preferredSource.map { source in
                remaining.contains { $0.address == source }
            } ?? true
        guard mayReturn, isSourceLocal, route.canStandAlone(among: kernel.routes) else { return }
        putBack.append(.route(route))
        steps[.putBack].append(
            Change(
                .add(.route(route)), owner: route.nextHops.first?.interface,
                note: "foreign, put back"))
    }

    /// A link that goes down loses its routes and its IPv6 addresses, whoever made them; one
    /// without IPv6 what it has of that family.
    private mutating func planLinksGoingDown() {
        for change in steps[.writeThrough] + steps[.irreversible] {
            switch change.action {
            case .replace(_, with: .link(let setting)) where setting.value == .up(false):
                planLoss(of: AddressFamily.allCases, on: setting.interface)
            case .replace(_, with: .link(let setting)):
                planLoss(of: [.ipv6], on: setting.interface)
            case .replace(_, with: .sysctl(let setting)):
                guard let named = setting.name.ofInterface, named.key == "disable_ipv6",
                    setting.value != "0"
                else { continue }
                for link in kernel.links where [link.name, "all"].contains(named.interface) {
                    planLoss(of: [.ipv6], on: link.index)
                }
            default: break
            }
        }
    }

    private mutating func planLoss(of families: [AddressFamily], on interface: InterfaceIndex) {
        let name = names.name(of: interface)
        for route in kernel.routes
        where families.contains(route.family) && !past.owns(route) && !route.isConnected
            && route.leavesOnly(through: interface)
        {
            noteLoss(
                .route(route), owner: interface, with: name,
                isDefault: route.destination.isDefault && route.table == RouteTable.main)
        }
        for address in kernel.addresses
        where address.interface == interface && address.family == .ipv6 && address.isGlobal
            && families.contains(.ipv6) && !past.owns(address)
        {
            noteLoss(.address(address), owner: interface, with: name, isDefault: false)
        }
    }

    private mutating func noteLoss(
        _ object: KernelObject, owner: InterfaceIndex?, with cause: String, isDefault: Bool
    ) {
        steps[.addressRemovals].append(
            Change(
                .remove(object), owner: owner, note: "foreign, goes with \(cause)",
                isSideEffect: true))
        guard isDefault, !options.force else { return }
        conflicts.append(
            .init(
                .error,
                "the foreign \(describe(object)) would go with \(cause); "
                    + "if that is meant: --force"))
    }
}

extension Route {
    /// A route with another next hop besides stays when the interface goes.
    fileprivate func leavesOnly(through interface: InterfaceIndex) -> Bool {
        !nextHops.isEmpty && nextHops.allSatisfy { $0.interface == interface }
    }

    /// Whether the kernel takes it on an interface without addresses: nothing to reach first, or
    /// a gateway that is on the link by word or by another route.
    fileprivate func canStandAlone(among routes: [Route]) -> Bool {
        nextHops.allSatisfy { hop in
            guard let gateway = hop.gateway, !hop.isOnLink else { return true }
            return routes.contains { other in
                other.destination.contains(gateway) && !other.isConnected
                    && other.table == table && other.preferredSource == nil
                    && other.nextHops.contains {
                        $0.interface == hop.interface && $0.gateway == nil
                    }
            }
        }
    }
}
