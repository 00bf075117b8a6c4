public import Netlink
public import Plist
public import RPSTuner

/// What the kernel must hold: what the files say, seen with the links and addresses that are there.
public struct DesiredState: Sendable {
    /// An object, what in the files wants it, and the interface under which it is shown.
    public struct Wanted: Hashable, Sendable {
        public var object: KernelObject
        public var origin: SourceLocation?
        public var owner: InterfaceIndex?
    }

    /// Each at most once by identity; addresses of an interface in their order, primaries first.
    public internal(set) var wanted: [Wanted] = []
    /// Interfaces that we let go of: their addresses and settings stay, and are no longer ours.
    public internal(set) var released: Set<InterfaceIndex> = []
    /// Settings that are nobody's to change: what is remembered of them stays remembered.
    var leftAlone: Set<KernelObject.Identity> = []
    /// Per interface and family: its route table and source prefixes, for status and checks.
    public internal(set) var paths: [SourcePath] = []
    var conflicts: [Conflict] = []
    public internal(set) var warnings: [Diagnostic] = []
    /// Route tables handed out in this run, to be remembered.
    public internal(set) var newTables: [MACAddress: UInt32] = [:]
    /// Everything carries one of these marks: the file's, and those of earlier runs.
    public internal(set) var protocols: Set<UInt8> = []
    /// Nothing but channels and steering is looked at: whatever else is there stays.
    var isOfQueuesAlone = false
    /// The mark of what is added now; 0 where nothing is wanted.
    public internal(set) var `protocol`: UInt8 = 0
    /// The link and table of each entry of `Interfaces`; nil where it is not there.
    public internal(set) var interfaces: [(config: InterfaceConfig, link: Link?, table: UInt32)] =
        []
    /// Addresses that a rebind may move, or has moved.
    public internal(set) var floating: [FloatingAddress] = []

    /// What `teardown` makes the kernel agree with.
    init(forTeardownOf kernel: KernelState, memory: Memory) {
        self.init(nothingButKernelRules: kernel, memory: memory)
        if memory.protocols.isEmpty { warnOfForgottenSettings(kernel) }
    }

    /// What `Queues` makes of each interface that has it, with the reasons.
    public internal(set) var steering: [InterfaceIndex: SteeringPlan] = [:]

    /// Nothing of ours is wanted, only the kernel's own rules.
    ///
    /// Where nothing is remembered, what carries the default mark is ours.
    public init(nothingButKernelRules kernel: KernelState, memory: Memory) {
        protocols = memory.protocols.isEmpty ? [Config().protocol] : memory.protocols
        wantKernelRules(kernel)
    }

    /// Where each identity stands in `wanted`.
    private var indices = IdentityIndex()

    /// What is wanted under an identity; nil: nothing.
    public subscript(identity: KernelObject.Identity) -> Wanted? {
        indices[identity].map { wanted[$0] }
    }

    func wants(_ identity: KernelObject.Identity) -> Bool { indices[identity] != nil }

    func wants(_ address: InterfaceAddress.Identity) -> Bool { indices[address] != nil }

    /// Whether this very rule is wanted, mark and all.
    func wants(_ rule: Rule) -> Bool {
        guard case .rule(let wanted)? = self[rule.identity]?.object else { return false }
        return wanted == rule
    }

    /// Makes room for so many addresses.
    mutating func reserveAddresses(_ count: Int) { indices.reserveAddresses(count) }

    mutating func want(
        _ object: KernelObject, from origin: SourceLocation?, of owner: InterfaceIndex? = nil
    ) {
        guard indices.insert(object.identity, at: wanted.count) else { return }
        wanted.append(Wanted(object: object, origin: origin, owner: owner))
    }

    mutating func warn(_ location: SourceLocation?, _ message: String) {
        warnings.append(Diagnostic(.warning, at: location, message))
    }

    mutating func conflict(
        _ location: SourceLocation?, _ message: String, of interfaces: Set<InterfaceIndex> = [],
        leaving extent: Conflict.Extent = .host
    ) {
        conflicts.append(Conflict(location, message, of: interfaces, leaving: extent))
    }

    /// Whether something stands in the way of all of it.
    var isBlocked: Bool { conflicts.contains { $0.extent == .host } }
}

/// How packets with an interface's addresses as source leave, for one family.
public struct SourcePath: Hashable, Sendable {
    public var interface: InterfaceIndex
    public var family: AddressFamily
    public var table: UInt32
    /// In order, none inside another.
    public var prefixes: [IPPrefix]
    /// Resolved: the file's, or the one that `auto` found.
    public var gateway: IPAddress?
    public var failsClosed: Bool
}
