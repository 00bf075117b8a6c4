import Netlink
import Plist

/// A plan in the making.
struct Planner {
    let kernel: KernelState
    let desired: DesiredState
    let options: Plan.Options
    let names: InterfaceNames

    let settled: Set<SettledPath>
    /// Before Linux 5.18 no address has a mark, not even lo's: then its lack is no difference.
    let comparesMarks: Bool

    /// The IPv6 addresses that are there, for those that are added.
    lazy var observedIPv6 = Dictionary(
        grouping: kernel.addresses.lazy.filter { $0.family == .ipv6 }, by: \.address)

    /// What earlier runs remember: whose is what that is there.
    let past: Memory
    /// What there is to remember once the plan is done.
    var memory: Memory
    var steps = Steps()
    var conflicts: [Conflict] = []
    var warnings: [Diagnostic] = []
    var duplicates: [Diagnostic] = []
    /// What the kernel made of what was asked for, where that is less and accepted.
    var narrowed: [KernelObject.Identity: KernelObject] = [:]
    var narrowings: [Diagnostic] = []
    var putBack: [KernelObject] = []
    /// Others' objects that go with what the plan takes away.
    var lost: Set<KernelObject> = []
    /// Tables that change hands, and what leads their sources around them meanwhile.
    var contestedTables: Set<UInt32> = []
    var detourRules: [Rule] = []
    var detourRoutes: [Route] = []
    /// Rules that the detours have already replaced when the rules' turn comes.
    var replacedRules: Set<Rule> = []
    /// Ours that nothing wants any more.
    var unwantedRules: [Rule] = []
    /// Those of addresses that stay and that main will decide about.
    var lateRules: Set<Rule> = []

    init(
        _ kernel: KernelState, _ desired: DesiredState, _ memory: Memory, _ options: Plan.Options
    ) {
        self.kernel = kernel
        self.desired = desired
        self.options = options
        var memory = memory
        memory.protocols = desired.protocols
        past = memory
        self.memory = memory
        names = InterfaceNames(of: kernel.links)
        comparesMarks =
            options.comparesMarks ?? kernel.addresses.contains { $0.protocol != 0 }
        settled = SettledPath.all(of: desired, on: kernel)
    }

    mutating func add(_ phase: Phase, _ object: KernelObject, _ wanted: DesiredState.Wanted?) {
        steps.append(
            Change(.add(object), owner: wanted?.owner, origin: wanted?.origin), to: phase)
    }

    mutating func remove(_ phase: Phase, _ object: KernelObject, of owner: InterfaceIndex?) {
        steps.append(Change(.remove(object), owner: owner), to: phase)
    }

    mutating func replace(
        _ phase: Phase, _ old: KernelObject, with new: KernelObject,
        _ wanted: DesiredState.Wanted?, of owner: InterfaceIndex? = nil
    ) {
        steps.append(
            Change(
                .replace(old, with: new), owner: wanted?.owner ?? owner, origin: wanted?.origin),
            to: phase)
    }

    func describe(_ object: KernelObject) -> String { object.description(names: names) }
}
