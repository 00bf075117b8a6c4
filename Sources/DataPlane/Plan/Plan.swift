import Netlink
public import Plist

/// The changes that make the kernel agree, in an order that takes no path away before its
/// successor is there.
///
/// An empty plan is the only definition of "equal": apply's verification, status, watch and a
/// second apply all ask for one.
public struct Plan: Sendable {
    /// In the order in which they are made.
    public internal(set) var changes: [Change] = []
    /// What forbids the plan (exit 69), each with its cure.
    public internal(set) var conflicts: [Diagnostic] = []
    /// Conflicts beside which the plan is made: what they are about is left as it is.
    var standing: [Diagnostic] = []
    public internal(set) var warnings: [Diagnostic] = []
    /// Addresses that another host on the link holds too, where that is accepted.
    var duplicates: [Diagnostic] = []
    /// What the kernel made of masks that it took in part, and what to say about it.
    var narrowed: [KernelObject.Identity: KernelObject] = [:]
    var narrowings: [Diagnostic] = []
    /// Whether an address without its mark is a difference.
    var comparesMarks = true
    /// What is taken from its owner on the way and put back: on disk before the first change.
    var putBack: [KernelObject] = []
    /// What there is to remember once the plan is done.
    public internal(set) var memory: Memory

    public var isEmpty: Bool { changes.isEmpty }
    var allConflicts: [Diagnostic] { conflicts + standing }

    /// How a plan treats what is not ours.
    public struct Options: Hashable, Sendable {
        /// Puts our mark on foreign objects that satisfy.
        public var adopt: Bool
        /// Allows that a foreign default route goes with an address.
        public var force: Bool
        /// Reading back what was just made: an address that turns out to be somebody else's too
        /// is a warning. The next plan has it as a difference.
        var acceptsDuplicates = false
        /// Likewise, a mask that the kernel took in part. The next plan knows it.
        var acceptsNarrowing = false
        /// Others may be changing things meanwhile: what differs when it is read back is no reason
        /// to undo, but one to look again.
        var acceptsDrift = false
        /// A conflict that is accepted stops only what it is about.
        var refusal: Refusal = .all
        /// Whether this kernel marks addresses, as the plan that is read back has found; nil: look.
        var comparesMarks: Bool?

        public init(adopt: Bool = false, force: Bool = false) {
            self.adopt = adopt
            self.force = force
        }
    }

    /// Pure: nothing but its arguments decides.
    public init(
        from kernel: KernelState, to desired: DesiredState, memory: Memory,
        options: Options = Options()
    ) {
        var planner = Planner(kernel, desired, memory, options)
        planner.planSettings()
        planner.planQueues()
        if !desired.isOfQueuesAlone {
            planner.planAddresses()
            planner.planScratchTables()
            planner.findUnwantedRules()
            planner.planRoutes()
            planner.planRules()
        }
        planner.leaveConflicting()
        if !desired.isOfQueuesAlone {
            planner.planSideEffects()
            planner.planPromotion()
        }
        self.memory = planner.memory
        let conflicts = desired.conflicts + planner.conflicts
        self.conflicts = conflicts.filter { !planner.accepts($0) }.diagnostics
        standing = conflicts.filter(planner.accepts).diagnostics
        // A desired state with a conflict is not whole: nothing may be removed for it.
        changes = self.conflicts.isEmpty ? planner.steps.inOrder : []
        warnings = desired.warnings + planner.warnings
        duplicates = planner.duplicates
        narrowed = planner.narrowed
        narrowings = planner.narrowings
        comparesMarks = planner.comparesMarks
        putBack = planner.putBack
    }
}

/// When a change has its turn. Make before break; what nobody can undo comes last.
enum Phase: Int, CaseIterable {
    case loosen
    case links
    /// Sources whose table is about to change hands are led through a copy of it.
    case scratchRoutes
    case scratchRules
    case scratchSwitch
    case scratchClearing
    /// Sources that are there already are settled before main changes under them: a new address
    /// or a link that goes up brings its connected route.
    case settledRoutes
    case settledRules
    case linksUp
    case addresses
    case routes
    case rules
    /// A source without a rule follows main's default: it comes last and goes first.
    case mainDefaults
    case mainDefaultRemovals
    case ruleRemovals
    case routeRemovals
    case addressRemovals
    /// What the kernel took with an address from its owner.
    case putBack
    /// Sources that stay are given back to main only when it has lost what we brought.
    case lateRuleRemovals
    case lateRouteRemovals
    case tighten
    /// A driver may lose packets over it, and nobody can undo that.
    case channels
    /// The queues that there are then.
    case steering
    case writeThrough
    case afterWriteThrough
    case irreversible
}

/// Changes by phase.
struct Steps {
    private var byPhase: [[Change]] = Array(repeating: [], count: Phase.allCases.count)

    subscript(_ phase: Phase) -> [Change] {
        get { byPhase[phase.rawValue] }
        set { byPhase[phase.rawValue] = newValue }
    }

    mutating func append(_ change: Change, to phase: Phase) {
        byPhase[phase.rawValue].append(change)
    }

    var inOrder: [Change] { byPhase.reduce(into: []) { $0 += $1 } }
}
