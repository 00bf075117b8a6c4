import DataPlane
import Netlink
import Plist

/// Their objects as ours: what rtsetup makes by itself goes unsaid, what it has no word for
/// becomes a note.
struct Translation {
    var host: ImportedHost
    /// The instance's own NIC: the first with the best default route of main.
    private(set) var primary: Int?
    /// False: the files say nothing about addresses and routes.
    private(set) var knowsDefaults = true
    /// The table that an interface's own rules lead to.
    var tables: [Int: UInt32] = [:]
    var takenTables: Set<UInt32> = []
    /// Rules that rtsetup makes by itself, by interface.
    var covered: [Int: [ImportedRule]] = [:]
    /// `Rules` of the file.
    var rules: [Piece] = []
    /// `Sysctl` of the file.
    var sysctls: [Piece] = []
    /// `Sysctl` of an interface.
    var interfaceSysctls: [Int: [Piece]] = [:]

    private var routesOfInterface: [Int: [ImportedRoute]] = [:]
    /// The interface that a table's routes leave through; nil: several.
    private var tableOwners: [UInt32: Int?] = [:]
    private var holders: [IPAddress: Int] = [:]

    init(_ host: ImportedHost) { self.host = host }

    /// The whole file.
    ///
    /// - Parameter header: what stands at its top.
    /// - Returns: nil where there is no interface to speak of.
    mutating func file(header: [Piece]) -> Piece? {
        adoptSysctlInterfaces()
        guard host.interfaces.contains(where: { $0.exclusion == nil }) else { return nil }
        resolveRoutes()
        indexObjects()
        primary = knowsDefaults ? findPrimary() : nil
        chooseTables()
        sortRules()
        resolveRejects()
        routesOfInterface = Dictionary(grouping: host.routes) { $0.interface ?? -1 }
        sortSysctls()
        let order =
            (primary.map { [$0] } ?? [])
            + host.interfaces.indices.filter {
                $0 != primary && host.interfaces[$0].exclusion == nil
            }
        for interface in host.interfaces {
            guard let exclusion = interface.exclusion else { continue }
            host.notes.append(exclusion)
            host.notes += interface.notes
            host.notes += interface.addresses.map { $0.origin.note("not carried over") }
        }
        let interfaces = order.map { entry(of: $0) }
        var entries: [Piece] = header + host.notes.map { .comment($0) }
        entries.append(.string("Version", "1"))
        if let group = host.linkGroup { entries.append(.string("LinkGroup", "\(group)")) }
        entries.append(.array("Interfaces", interfaces))
        if !rules.isEmpty { entries.append(.array("Rules", rules)) }
        if !sysctls.isEmpty { entries.append(.dictionary("Sysctl", sysctls)) }
        return .dictionary(nil, entries)
    }

    /// Sysctls alone name interfaces too.
    private mutating func adoptSysctlInterfaces() {
        guard host.interfaces.isEmpty else { return }
        for sysctl in host.sysctls {
            let name = sysctl.name.components[3]
            guard !["all", "default", "lo", "*"].contains(name) else { continue }
            let index = host.interface(named: name, sysctl.origin.place)
            host.interfaces[index].automatic = [.ipv4]
            knowsDefaults = false
        }
    }

    // MARK: Whose routes

    func index(ofDevice name: String) -> Int? {
        let base = IfcfgReader.base(of: name)
        let index = host.index(ofInterface: base) ?? host.configurations[base]
        return index.flatMap { host.interfaces[$0].exclusion == nil ? $0 : nil }
    }

    private mutating func resolveRoutes() {
        var resolved: [ImportedRoute] = []
        for var route in host.routes {
            let devices = Set(route.hops.compactMap(\.device))
            if let stranger = devices.sorted().first(where: { index(ofDevice: $0) == nil }) {
                host.note(
                    route.origin.note(
                        "not carried over: it leaves through \(stranger), which is no ENI here"),
                    route.interface)
                continue
            }
            if let device = route.hops.first?.device {
                route.interface = index(ofDevice: device)
            } else if route.type == .unicast, !route.isBound {
                route.interface = interface(ofGateway: route)
            }
            if let index = route.interface, host.interfaces[index].exclusion != nil {
                host.notes.append(route.origin.note("not carried over"))
                continue
            }
            if route.interface == nil, route.type == .unicast {
                host.notes.append(
                    route.origin.note(
                        "not carried over: its gateway is in no subnet of an interface"))
                continue
            }
            resolved.append(route)
        }
        host.routes = resolved
        for route in resolved where route.destination.isDefault && route.hops.count > 1 {
            shareGateways(of: route)
        }
    }

    /// A default route by several NICs tells the gateway of each.
    private mutating func shareGateways(of route: ImportedRoute) {
        for hop in route.hops {
            guard let gateway = hop.gateway,
                let index = hop.device.map({ index(ofDevice: $0) }) ?? route.interface,
                host.interfaces[index].gateways[route.family] == nil
            else { continue }
            host.interfaces[index].gateways[route.family] = ImportedGateway(
                address: gateway, isOnLink: hop.isOnLink, origin: route.origin)
        }
    }

    private func interface(ofGateway route: ImportedRoute) -> Int? {
        guard let gateway = route.hops.first?.gateway, !gateway.isLinkLocal else {
            return route.interface
        }
        let near = host.interfaces.indices.filter {
            host.interfaces[$0].addresses.contains { $0.subnet.contains(gateway) }
        }
        if let own = route.interface, near.contains(own) { return own }
        return near.first ?? route.interface
    }

    /// A reject route has no device: it belongs to whose table it stands in.
    private mutating func resolveRejects() {
        for index in host.routes.indices where host.routes[index].interface == nil {
            let table = host.routes[index].table
            host.routes[index].interface =
                tables.first { $0.value == table }?.key ?? tableOwner(table)
            if host.routes[index].interface == nil {
                host.notes.append(
                    host.routes[index].origin.note(
                        "not carried over: its table belongs to no interface"))
            }
        }
    }

    private mutating func indexObjects() {
        routesOfInterface = Dictionary(grouping: host.routes) { $0.interface ?? -1 }
        for (table, routes) in Dictionary(grouping: host.routes, by: \.table) {
            let owners = Set(routes.compactMap(\.interface))
            tableOwners[table] =
                routes.first(where: \.isPlainDefault)?.interface
                ?? (owners.count == 1 ? owners.first : nil)
        }
        for (index, interface) in host.interfaces.enumerated() {
            for address in interface.addresses where holders[address.address] == nil {
                holders[address.address] = index
            }
        }
    }

    /// That of its default route, or the only one.
    func tableOwner(_ table: UInt32) -> Int? { tableOwners[table] ?? nil }

    /// The interfaces that have an address in a block.
    func holders(of block: IPPrefix) -> [Int] {
        if block.isHost { return holders[block.address].map { [$0] } ?? [] }
        return host.interfaces.indices.filter {
            host.interfaces[$0].addresses.contains { block.contains($0.address) }
        }
    }

    func routes(of index: Int) -> [ImportedRoute] { routesOfInterface[index] ?? [] }

    // MARK: The primary

    private func findPrimary() -> Int? {
        for family in AddressFamily.allCases {
            let found = host.interfaces.indices.compactMap { index in
                mainMetric(of: index, family).map { (index, $0) }
            }
            if let best = found.map(\.1).min() { return found.first { $0.1 == best }?.0 }
        }
        return nil
    }

    /// The metric of an interface's best default route in main; nil: it has none.
    func mainMetric(of index: Int, _ family: AddressFamily) -> UInt32? {
        let interface = host.interfaces[index]
        guard interface.exclusion == nil else { return nil }
        var metrics = routes(of: index).filter {
            $0.family == family && $0.table == RouteTable.main && $0.isPlainDefault
        }.map(\.effectiveMetric)
        if interface.automatic.contains(family), !interface.withoutDefault.contains(family) {
            metrics.append(interface.automaticMetrics[family] ?? (family == .ipv4 ? 0 : 1024))
        }
        return metrics.min()
    }
}
