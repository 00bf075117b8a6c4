import DataPlane
import Netlink

/// What the running kernel holds, as far as it is about ENIs.
///
/// An ENI is an Ethernet device that is nobody's port and has no kind: a driver made it, nobody's
/// command. A veth, macvlan or ipvlan is one as well where it has a global address with a subnet:
/// a container's NIC, or a test's; the host's end of a container's has none.
struct KernelImport {
    private let kernel: KernelState
    private var host = ImportedHost()
    private var indices: [InterfaceIndex: Int] = [:]
    private let names: InterfaceNames
    private let mark = RouteProtocol(rawValue: Config().protocol)
    private let dhcp = RouteProtocol(rawValue: 16)
    private let routerAdvertisement = RouteProtocol(rawValue: 9)

    static func host(of kernel: KernelState) -> ImportedHost {
        var reader = KernelImport(kernel)
        for link in kernel.links { reader.read(link) }
        reader.readRoutes()
        reader.readRules()
        return reader.host
    }

    /// The sysctls to look at.
    static func sysctls(_ links: [Link]) -> Set<SysctlName> {
        Set((links.map(\.name) + ["default"]).map { .interface($0, "ipv4", "rp_filter") })
    }

    private init(_ kernel: KernelState) {
        self.kernel = kernel
        names = InterfaceNames(of: kernel.links)
    }

    private func addresses(of link: Link) -> [InterfaceAddress] {
        kernel.addresses.filter { $0.interface == link.index && $0.isGlobal }
    }

    // MARK: Links

    private mutating func read(_ link: Link) {
        guard !link.isLoopback else { return }
        let held = addresses(of: link)
        if let reason = whyNoENI(link, held) {
            if !held.isEmpty { host.note(nil, "\(link.name) \(reason): left as it is") }
            return
        }
        guard !held.isEmpty else {
            let mac = link.identifyingMAC.map { " (\($0))" } ?? ""
            host.note(nil, "\(link.name)\(mac) has no address: not in this file")
            return
        }
        let index = host.interface(named: link.name, nil)
        indices[link.index] = index
        let twins = kernel.links.filter {
            $0.master == nil && $0.identifyingMAC == link.identifyingMAC
        }
        if twins.count == 1 { host.interfaces[index].mac = link.identifyingMAC }
        if !link.isUp { host.interfaces[index].activationPolicy = .manual }
        findAutomatic(link, held, index)
        for address in held { read(address, of: index) }
        readSettings(link, index)
    }

    private func whyNoENI(_ link: Link, _ held: [InterfaceAddress]) -> String? {
        if let master = link.master { return "is a port of \(names.name(of: master))" }
        guard link.hardwareType == 1, link.mac != nil else { return "is no Ethernet device" }
        switch link.kind {
        case nil: return nil
        case "veth", "macvlan", "ipvlan":
            let hasSubnet = held.contains { !$0.subnet.isHost && $0.peer == nil }
            return hasSubnet || held.isEmpty ? nil : "has no subnet"
        case let kind?: return "(\(kind)) is no ENI"
        }
    }

    /// A lease runs out, and its client marks its routes.
    private mutating func findAutomatic(_ link: Link, _ held: [InterfaceAddress], _ index: Int) {
        for family in AddressFamily.allCases {
            let routes = kernel.routes.filter {
                $0.family == family && $0.nextHops.first?.interface == link.index
                    && ($0.protocol == dhcp || $0.protocol == routerAdvertisement)
            }
            let leases = held.contains {
                $0.family == family && $0.validLifetime != InterfaceAddress.forever
            }
            guard leases || !routes.isEmpty else { continue }
            host.interfaces[index].automatic.insert(family)
            let defaults = kernel.routes.filter {
                $0.family == family && $0.nextHops.first?.interface == link.index
                    && $0.table == RouteTable.main && $0.destination.isDefault
                    && $0.type == .unicast
                    && $0.protocol != mark
            }
            if let metric = defaults.map(\.effectiveMetric).min() {
                host.interfaces[index].automaticMetrics[family] = metric
            } else {
                host.interfaces[index].withoutDefault.insert(family)
            }
        }
    }

    private mutating func read(_ address: InterfaceAddress, of index: Int) {
        let text = "address \(KernelObject.address(address).description(names: names))"
        let origin = Origin(nil, text)
        let isLease =
            host.interfaces[index].automatic.contains(address.family)
            && (address.validLifetime != InterfaceAddress.forever || isLeaseWithoutEnd(address))
        if isLease { return }
        if address.peer != nil {
            host.interfaces[index].notes.append(
                origin.note("not carried over: it has a peer; left as it is"))
            return
        }
        host.interfaces[index].add(
            address.address, address.prefixLength, origin,
            noDAD: address.family == .ipv6 && address.flags.contains(.noDAD)
                && address.protocol != mark.rawValue)
    }

    /// A client that sets no lifetimes: the source of its routes, else the first address.
    private func isLeaseWithoutEnd(_ address: InterfaceAddress) -> Bool {
        let held = kernel.addresses.filter {
            $0.interface == address.interface && $0.family == address.family && $0.isGlobal
        }
        guard held.allSatisfy({ $0.validLifetime == InterfaceAddress.forever }) else {
            return false
        }
        let sources = kernel.routes.filter {
            $0.protocol == dhcp && $0.nextHops.first?.interface == address.interface
        }.compactMap(\.preferredSource)
        let lease = held.first { sources.contains($0.address) } ?? held.first
        return lease?.address == address.address
    }

    private mutating func readSettings(_ link: Link, _ index: Int) {
        if link.mtu != 1500 {
            if host.interfaces[index].isExternal {
                host.interfaces[index].note(
                    nil,
                    "mtu \(link.mtu) is left to what has set it; MTU = \(link.mtu) would keep it")
            } else {
                host.interfaces[index].mtu = ImportedNumber(
                    value: link.mtu, origin: Origin(nil, "mtu \(link.mtu)"))
            }
        }
        let name = SysctlName.interface(link.name, "ipv4", "rp_filter")
        let base = kernel.sysctls[.interface("default", "ipv4", "rp_filter")]
        // What differs from the boot's value, or was switched off, is somebody's wish.
        guard let text = kernel.sysctls[name], let value: UInt32 = wordNumber(text), value <= 2,
            value == 0 || text != base
        else { return }
        host.interfaces[index].reversePathFilter = ImportedNumber(
            value: value, origin: Origin(nil, "\(name) = \(text)"))
    }

    // MARK: Routes

    private mutating func readRoutes() {
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
    private mutating func isSomebodys(_ route: Route, _ origin: Origin) -> Bool {
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

    private func imported(_ route: Route, _ origin: Origin, _ index: Int?) -> ImportedRoute {
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

    private mutating func readRules() {
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
                    foreignWords: rule.otherAttributes.isEmpty && rule.typeOfService == 0
                        ? [] : [origin.text],
                    origin: origin, removal: isOurs || isTwin ? nil : rule.deleteCommand))
        }
    }
}
