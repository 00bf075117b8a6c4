public import Netlink

/// What earlier runs remember: the tables that were handed out, and what the kernel cannot mark.
public struct Memory: Hashable, Sendable {
    /// Handed out once, by MAC; kept in LIB-DIR across boots.
    public var tables: [MACAddress: UInt32] = [:]
    /// The first value seen of every setting that we changed, and the value we gave it.
    public var settings: [KernelObject.Identity: RememberedSetting] = [:]
    /// The addresses that we created, so that one whose mark was erased is still ours.
    public var createdAddresses: Set<InterfaceAddress.Identity> = []
    /// The marks that earlier runs used.
    public var protocols: Set<UInt8> = []
    /// The files of the last `apply`; empty after `teardown`.
    public var files: [String] = []
    /// The discovered file whose interfaces the last `apply` configured; nil: none.
    public var discovery: String?
    /// What an interrupted run took from its owner and had not yet put back.
    public var pending: [KernelObject] = []
    /// `--runtime` bindings.
    public var bindings = Bindings()
    /// It is the journal of a run that did not end.
    public var isInterrupted = false

    public init() {}

    /// Whether an address is ours: it carries our mark, or we know that we made it.
    func owns(_ address: InterfaceAddress) -> Bool {
        (address.protocol != 0 && protocols.contains(address.protocol))
            || createdAddresses.contains(address.identity)
    }

    /// What is remembered of the links that are there. The index tells them apart: what went away
    /// took its settings along, another of its name brings its own, and one that was renamed has
    /// its sysctls under the new name.
    func following(_ links: [Link]) -> Memory {
        let names = Dictionary(links.map { ($0.index, $0.name) }) { $1 }
        var memory = self
        var renamed: [RememberedSetting] = []
        for (identity, remembered) in settings {
            guard let index = remembered.first.settingInterface else { continue }
            let now = names[index].map(remembered.renamed)
            guard now?.first.identity != identity else { continue }
            memory.settings[identity] = nil
            if let now { renamed.append(now) }
        }
        // Only now: links may have swapped their names.
        for setting in renamed { memory.settings[setting.first.identity] = setting }
        memory.createdAddresses = createdAddresses.filter { names[$0.interface] != nil }
        return memory
    }

    func owns(_ route: Route) -> Bool { protocols.contains(route.protocol.rawValue) }

    func owns(_ rule: Rule) -> Bool { protocols.contains(rule.protocol.rawValue) }
}

/// A setting as we found it and as we left it.
public struct RememberedSetting: Hashable, Sendable {
    public var first: KernelObject
    public var ours: KernelObject
    /// What the kernel made of it, where it took less than was asked for.
    public var narrowed: KernelObject?

    /// The setting whose write overwrote this one; nil where we wrote it ourselves.
    public var cause: SysctlName?

    public init(
        first: KernelObject, ours: KernelObject, narrowed: KernelObject? = nil,
        cause: SysctlName? = nil
    ) {
        self.first = first
        self.ours = ours
        self.narrowed = narrowed
        self.cause = cause
    }
}

extension RememberedSetting {
    /// The same sysctl of an interface that is called something else now.
    fileprivate func renamed(_ interface: String) -> RememberedSetting {
        var setting = self
        (setting.first, setting.ours) = (first.renamed(interface), ours.renamed(interface))
        return setting
    }
}

extension KernelObject {
    fileprivate func renamed(_ interface: String) -> KernelObject {
        guard case .sysctl(var setting) = self, let name = setting.name.ofInterface else {
            return self
        }
        setting.name = .interface(interface, name.family, name.key)
        return .sysctl(setting)
    }
}
