import DataPlane
import Netlink

extension KernelImport {
    mutating func readRoutes() {
        for route in kernel.routes {
            let object = KernelObject.route(route)
            let origin = Origin(nil, "route \(object.description(names: names))")
            let hops = route.nextHops.map(\.interface)
            let indices = hops.map { $0.flatMap { self.indices[$0] } }
            let isDeviceless = route.isReject && indices.allSatisfy { $0 == nil }
            guard !indices.isEmpty && !indices.contains(nil) || isDeviceless else {
                if indices.contains(where: { $0 != nil }) {
                    host.notes.append(origin.note("it mixes ENIs and others: left as it is"))
                }
                continue
            }
            guard isSomebodys(route, origin) else { continue }
            if isDeviceless, route.table == RouteTable.main {
                host.notes.append(origin.note("left as it is"))
                continue
            }
            let isPlain =
                route.otherAttributes.isEmpty && route.typeOfService == 0
                && route.nextHops.allSatisfy(\.otherAttributes.isEmpty)
            if !isPlain {
                let remark = "has what the file has no key for (initcwnd, encap, tos …)"
                host.notes.append(
                    origin.note(
                        route.destination.isDefault ? remark : "\(remark): left as it is"))
                // Without its default route a NIC would have no gateway here.
                guard route.destination.isDefault else { continue }
            }
            host.routes.append(imported(route, origin, indices.first ?? nil))
        }
    }

    /// Not the kernel's, a client's, a daemon's, or a copy of ours.
    mutating func isSomebodys(_ route: Route, _ origin: Origin) -> Bool {
        if route.protocol == .kernel || route.protocol == routerAdvertisement { return false }
        if route.lifetime != nil { return false }
        if route.protocol == dhcp || route.protocol.isRoutingDaemon {
            if route.table != RouteTable.main || route.protocol != dhcp {
                host.notes.append(
                    origin.note("of \(route.protocol): left to it"))
            }
            return false
        }
        if route.protocol == mark, route.table != RouteTable.main {
            return !kernel.routes.contains {
                $0.table == RouteTable.main && $0.destination == route.destination
                    && $0.nextHops.first?.interface == route.nextHops.first?.interface
                    && !$0.destination.isDefault
            }
        }
        return route.type == .unicast || route.isReject
    }

    func imported(_ route: Route, _ origin: Origin, _ index: Int?) -> ImportedRoute {
        var result = ImportedRoute(destination: route.destination, origin: origin)
        result.type = route.type
        result.table = route.table
        result.metric =
            route.effectiveMetric == (route.family == .ipv6 ? 1024 : 0) ? nil : route.metric
        result.source = route.preferredSource
        result.scope = route.family == .ipv4 ? route.scope : nil
        result.mtu = route.mtu
        if route.type == .unicast {
            result.hops = route.nextHops.map { hop in
                ImportedRoute.Hop(
                    gateway: hop.gateway, device: hop.interface.map(names.name(of:)),
                    weight: hop.weight, isOnLink: hop.isOnLink)
            }
        }
        result.interface = index
        result.isBound = true
        if route.protocol != mark { result.removal = route.deleteCommand(names: names) }
        return result
    }

    // MARK: Rules

    mutating func readRules() {
        let tables = Set(host.routes.filter { $0.table != RouteTable.main }.map(\.table))
        for rule in kernel.rules {
            let isKernels =
                [0, 32766, 32767].contains(rule.priority) && rule.source == nil
                && rule.destination == nil
            if isKernels || rule.protocol == .kernel { continue }
            let origin = Origin(
                nil, "rule \(KernelObject.rule(rule).description(names: names))")
            let isOurs = rule.protocol == mark
            // A delete of it would take ours: apply --adopt marks it instead.
            let isTwin = rule.priority == RulePriority.source
            // What rtsetup makes by itself.
            if isOurs,
                rule.priority == RulePriority.shared || rule.priority == RulePriority.failClosed
            {
                continue
            }
            guard rule.action == .lookup, tables.contains(rule.table) || isOurs else {
                host.notes.append(
                    origin.note(
                        "not about an ENI's table: left as it is; to delete it: "
                            + rule.deleteCommand))
                continue
            }
            host.rules.append(
                ImportedRule(
                    rule: rule, hasPriority: true,
                    foreignWords: rule.foreignWords,
                    origin: origin, removal: isOurs || isTwin ? nil : rule.deleteCommand))
        }
    }
}

extension Rule {
    private static let known: Set<String> = [
        "not", "from", "to", "fwmark", "iif", "oif", "lookup", "action", "suppress_prefixlength",
        "suppress_ifgroup", "protocol",
    ]

    /// What the file has no key for.
    fileprivate var foreignWords: [String] {
        let words = words.filter { !Self.known.contains($0.key) }.map(\.text)
        return words.isEmpty && !otherAttributes.isEmpty ? ["what it selects by"] : words
    }
}
