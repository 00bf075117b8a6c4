import Netlink

extension Planner {
    /// Whether every conflict is accepted; none is where a table changes hands meanwhile.
    func accepts(_ conflict: Conflict) -> Bool {
        contestedTables.isEmpty && options.accepts(conflict)
    }

    /// Takes out of the plan what must wait until accepted conflicts are over.
    ///
    /// - Returns: whether there was any of it.
    @discardableResult
    mutating func leaveConflicting() -> Bool {
        let accepted = (desired.conflicts + conflicts).filter(accepts)
        guard !accepted.isEmpty else { return false }
        var hasLeft = false
        var leaving = Leaving(accepted, self)
        for phase in Phase.allCases {
            for change in steps[phase] where leaving.leaves(change, in: phase) {
                guard case .add(.address(let address)) = change.action else { continue }
                leaving.waiting.insert(address.address)
            }
        }
        // Where it is now it stays until it can go where it is wanted.
        for case .remove(.address(let address)) in steps[.addressRemovals].map(\.action)
        where leaving.waiting.contains(address.address) {
            leaving.concerned.insert(address.interface)
        }
        for phase in Phase.allCases {
            let left = steps[phase].filter { leaving.leaves($0, in: phase) }
            guard !left.isEmpty else { continue }
            hasLeft = true
            steps[phase].removeAll { leaving.leaves($0, in: phase) }
            for change in left { memory.forgetPlanning(of: change.object, as: past) }
        }
        for identity in Set(memory.settings.keys).union(past.settings.keys)
        where identity.queueOwner.map(leaving.queues.contains) ?? false {
            memory.settings[identity] = past.settings[identity]
        }
        return hasLeft
    }
}

/// What accepted conflicts leave as it is.
private struct Leaving {
    /// All of them.
    var interfaces: Set<InterfaceIndex> = []
    var queues: Set<InterfaceIndex> = []
    /// Nothing is taken away from them.
    var concerned: Set<InterfaceIndex> = []
    /// Addresses that cannot go where they are wanted.
    var waiting: Set<IPAddress> = []
    private var families: [AddressFamily: Set<InterfaceIndex>] = [:]
    private var objects: Set<KernelObject.Identity> = []
    private var tables: [UInt32: InterfaceIndex] = [:]
    /// By address.
    private var sources: [(address: IPAddress, owner: InterfaceIndex)] = []

    private static let removals: Set<Phase> = [
        .mainDefaultRemovals, .ruleRemovals, .routeRemovals, .addressRemovals, .lateRuleRemovals,
        .lateRouteRemovals,
    ]

    init(_ conflicts: [Conflict], _ planner: Planner) {
        for conflict in conflicts {
            if conflict.extent != .nothing { concerned.formUnion(conflict.interfaces) }
            switch conflict.extent {
            case .host, .removals, .nothing: break
            case .interfaces:
                interfaces.formUnion(conflict.interfaces)
                queues.formUnion(conflict.interfaces)
            case .family(let family):
                families[family, default: []].formUnion(conflict.interfaces)
            case .queues: queues.formUnion(conflict.interfaces)
            case .object(let identity): objects.insert(identity)
            }
        }
        // Its entry means a link in conflict, though it may not have got it.
        let links = planner.kernel.links.filter { concerned.contains($0.index) }
        var owners: [IPAddress: InterfaceIndex] = [:]
        for (config, link, table) in planner.desired.interfaces {
            guard let index = link?.index ?? links.first(where: config.means)?.index else {
                continue
            }
            tables[table] = index
            for entry in config.addresses { owners[entry.address] = index }
        }
        for address in planner.kernel.addresses { owners[address.address] = address.interface }
        sources = owners.map { ($0.key, $0.value) }.sorted { $0.address < $1.address }
    }

    func leaves(_ change: Change, in phase: Phase) -> Bool {
        let object = change.object
        if objects.contains(object.identity) { return true }
        let mine = interfaces(of: change)
        if !mine.isDisjoint(with: interfaces) { return true }
        if Self.removals.contains(phase), !mine.isDisjoint(with: concerned) { return true }
        switch object {
        case .channels(let setting): return queues.contains(setting.interface)
        case .steering(let setting): return queues.contains(setting.interface)
        case .address(let address): return families[address.family]?.isDisjoint(with: mine) == false
        case .route(let route): return families[route.family]?.isDisjoint(with: mine) == false
        case .rule(let rule): return families[rule.family]?.isDisjoint(with: mine) == false
        case .link, .sysctl: return false
        }
    }

    private func interfaces(of change: Change) -> Set<InterfaceIndex> {
        var found = change.object.interfaces
        if let owner = change.owner { found.insert(owner) }
        switch change.object {
        case .route(let route):
            if let owner = tables[route.table] { found.insert(owner) }
        case .rule(let rule):
            if let owner = tables[rule.table] { found.insert(owner) }
            guard let source = rule.source else { break }
            let start = sources.partitionPoint { $0.address < source.address }
            for (address, owner) in sources[start...] {
                guard source.contains(address) else { break }
                found.insert(owner)
            }
        case .link, .address, .sysctl, .channels, .steering: break
        }
        return found
    }
}

extension Memory {
    fileprivate mutating func forgetPlanning(of object: KernelObject, as past: Memory) {
        switch object {
        case .address(let address):
            if past.createdAddresses.contains(address.identity) {
                createdAddresses.insert(address.identity)
            } else {
                createdAddresses.remove(address.identity)
            }
        case .link, .sysctl, .channels, .steering:
            settings[object.identity] = past.settings[object.identity]
        case .route, .rule: break
        }
    }
}
