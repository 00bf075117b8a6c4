public import Netlink
import RPSTuner
import Plist

/// What is configured, owned, foreign and different on this host, interface by interface.
public struct HostStatus: Sendable {
    public struct Section: Hashable, Sendable {
        /// What the kernel holds and is ours.
        public var owned: [KernelObject] = []
        /// What others made beside it; what the kernel derives is nobody's.
        public var foreign: [KernelObject] = []
        /// What `apply` would change.
        public var differences: [Change] = []

        public var isEmpty: Bool { owned.isEmpty && foreign.isEmpty && differences.isEmpty }
    }

    public struct Interface: Hashable, Sendable {
        /// The link's name, or what the file calls it while it is not there.
        public var name: String
        public var mac: MACAddress?
        /// nil: it is not there.
        public var index: InterfaceIndex?
        /// nil: no file manages it.
        public var table: UInt32?
        public var section = Section()
        /// Floating addresses that are bound here, or are released and have their home here.
        public var floating: [FloatingAddress] = []
        /// It is there, nothing differs, and nothing stands in the way of knowing that.
        public var isConverged = false
    }

    /// In the order of the files, then those that no file names any more.
    public private(set) var interfaces: [Interface] = []
    /// Shared rules, top-level sysctls, and what belongs to no interface of the files.
    public private(set) var host = Section()
    /// Neither differences nor conflicts, whether every interface is there or not.
    public let isConverged: Bool

    /// Pure: nothing but what was seen decides.
    public init(_ preview: Preview) {
        let isPlanned = preview.plan.conflicts.isEmpty
        isConverged = isPlanned && preview.plan.isEmpty
        let ownership = Ownership(preview.desired)
        var sections: [InterfaceIndex: Section] = [:]
        func file(
            _ object: KernelObject, in part: WritableKeyPath<Section, [KernelObject]>
        ) {
            if let owner = ownership.owner(of: object) {
                sections[owner, default: Section()][keyPath: part].append(object)
            } else {
                host[keyPath: part].append(object)
            }
        }
        for object in preview.ownedObjects { file(object, in: \.owned) }
        for object in preview.foreignObjects where ownership.concerns(object) {
            file(object, in: \.foreign)
        }
        for change in preview.plan.changes {
            if let owner = change.owner {
                sections[owner, default: Section()].differences.append(change)
            } else {
                host.differences.append(change)
            }
        }

        for (index, (config, link, table)) in preview.desired.interfaces.enumerated() {
            interfaces.append(
                Interface(
                    name: link?.name ?? config.label,
                    mac: link?.identifyingMAC ?? config.mac?.value, index: link?.index,
                    table: config.isManaged ? table : nil,
                    section: link.flatMap { sections.removeValue(forKey: $0.index) } ?? Section(),
                    floating: preview.desired.floating.filter { $0.index == index }))
        }
        for link in preview.kernel.links {
            guard let section = sections.removeValue(forKey: link.index) else { continue }
            interfaces.append(
                Interface(
                    name: link.name, mac: link.identifyingMAC, index: link.index, section: section))
        }
        for index in interfaces.indices {
            interfaces[index].isConverged =
                isPlanned && interfaces[index].index != nil
                && interfaces[index].section.differences.isEmpty
        }
    }
}

/// Which interface an object is shown under.
private struct Ownership {
    private var byTable: [UInt32: InterfaceIndex] = [:]
    private var byPrefix: [IPPrefix: InterfaceIndex] = [:]
    private var managed: Set<InterfaceIndex> = []

    init(_ desired: DesiredState) {
        for (config, link, table) in desired.interfaces {
            guard config.isManaged, let link else { continue }
            byTable[table] = link.index
            managed.insert(link.index)
        }
        for path in desired.paths {
            for prefix in path.prefixes { byPrefix[prefix] = path.interface }
        }
    }

    func owner(of object: KernelObject) -> InterfaceIndex? {
        switch object {
        case .link(let setting): setting.interface
        case .address(let address): address.interface
        case .route(let route): byTable[route.table] ?? route.nextHops.first?.interface
        case .rule(let rule): byTable[rule.table] ?? rule.source.flatMap { byPrefix[$0] }
        case .sysctl(let setting): setting.interface
        case .channels(let setting): setting.interface
        case .steering(let setting): setting.interface
        }
    }

    /// Whether a foreign object says anything about what we manage.
    func concerns(_ object: KernelObject) -> Bool {
        switch object {
        case .rule: true
        default: owner(of: object).map(managed.contains) ?? false
        }
    }
}

extension Preview {
    fileprivate var ownedObjects: [KernelObject] {
        let memory = plan.memory
        let settings = memory.settings.values.filter { $0.cause == nil }.map(\.ours)
            .filter(kernel.holds)
        return settings.sorted { $0.sortingText < $1.sortingText }
            + kernel.addresses.filter(memory.owns).map { .address($0) }
            + kernel.routes.filter(memory.owns).map { .route($0) }
            + kernel.rules.filter(memory.owns).map { .rule($0) }
    }

    fileprivate var foreignObjects: [KernelObject] {
        let memory = plan.memory
        return kernel.addresses.filter { !memory.owns($0) && $0.isGlobal }.map { .address($0) }
            + kernel.routes.filter { !memory.owns($0) && $0.protocol != .kernel }
            .map { .route($0) }
            + kernel.rules.filter { !memory.owns($0) && $0.protocol != .kernel }
            .map { .rule($0) }
    }
}

extension KernelState {
    /// Whether a setting has this value now.
    fileprivate func holds(_ object: KernelObject) -> Bool {
        switch object {
        case .sysctl(let setting): sysctls[setting.name] == setting.value
        case .link(let setting):
            links.contains { link in
                guard link.index == setting.interface else { return false }
                return switch setting.value {
                case .mtu(let mtu): link.mtu == mtu
                case .group(let group): link.group == group
                case .up(let isUp): link.isUp == isUp
                }
            }
        case .channels(let setting):
            queues[setting.interface]?.channels.map {
                setting.counts.same(of: $0.counts) == setting.counts
            } ?? false
        case .steering(let setting):
            queues[setting.interface]?.queues?[setting.file] == setting.value
        case .address, .route, .rule: false
        }
    }
}

extension KernelObject {
    /// Settings are remembered in no order.
    fileprivate var sortingText: String { "\(kind) \(description(names: [:]))" }
}
