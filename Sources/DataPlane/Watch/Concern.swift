import Netlink

/// Which events are worth a look.
struct Concern: Hashable, Sendable {
    /// The links that we manage.
    private var interfaces: Set<InterfaceIndex> = []
    /// The tables that we fill, main apart.
    private(set) var tables: Set<UInt32> = []
    private var addresses: Set<IPAddress> = []
    private var groups: [InterfaceIndex: UInt32] = [:]
    private var protocols: Set<UInt8> = []

    /// Before the first look: everything.
    init() {}

    init(_ desired: DesiredState) {
        protocols = desired.protocols
        for (config, link, table) in desired.interfaces where config.isManaged {
            if let link { interfaces.insert(link.index) }
            tables.insert(table)
        }
        for object in desired.wanted.lazy.map(\.object) {
            switch object {
            case .route(let route): tables.insert(route.table)
            case .address(let address): addresses.insert(address.address)
            case .link(let setting):
                if case .group(let group) = setting.value { groups[setting.interface] = group }
            default: break
            }
        }
        tables.remove(RouteTable.main)
    }

    /// Whether what is wanted, or what is there of it, may be another since.
    ///
    /// A route of main concerns us where it leaves through an ENI (it is copied, but for routing
    /// daemons'), is a default (`auto` reads it) or has taken another's place.
    func isConcerned(by event: KernelEvent) -> Bool {
        guard event.subject == .route, !isOurs(event), let table = event.table else { return true }
        guard table == RouteTable.main else { return tables.contains(table) }
        guard !event.isDefaultRoute, !event.isReplacement else { return true }
        if event.protocol?.isRoutingDaemon == true { return false }
        return event.interface.map(interfaces.contains) ?? true
    }

    /// Whether it took something from us, or changed it.
    func isUndoing(_ event: KernelEvent) -> Bool {
        switch event.subject {
        case .route: event.isRemoval ? isOurs(event) : event.isReplacement && !isOurs(event)
        case .rule: event.isRemoval && isOurs(event)
        case .address: event.address.map(addresses.contains) ?? false
        case .link:
            event.interface.map { interface in
                interfaces.contains(interface)
                    && (event.isRemoval || !event.isUp || event.group != groups[interface])
            } ?? false
        case .configuration: false
        }
    }

    /// Whether it carries our mark.
    func isOurs(_ event: KernelEvent) -> Bool {
        event.protocol.map { protocols.contains($0.rawValue) } ?? false
    }
}
