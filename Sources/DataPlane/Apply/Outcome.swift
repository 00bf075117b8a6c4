public import Netlink
public import Plist

/// How a run ended.
public struct Outcome: Sendable {
    public enum Result: Sendable {
        case applied
        case unchanged
        /// The kernel is as it was (exit 1).
        case undone(Failure)
        /// These changes would bring it back to what it was (exit 3).
        case stuck(Failure, left: [Remnant])
    }

    /// A change that would have to be made yet.
    public struct Remnant: Hashable, Sendable {
        public var change: Change
        /// What the kernel said of it; nil: nothing, and yet it is not as it was.
        public var error: KernelError?

        public init(change: Change, error: KernelError? = nil) {
            self.change = change
            self.error = error
        }
    }

    /// Why a plan was not carried out.
    public enum Failure: Hashable, Sendable {
        /// The plan's change of this number, from 0; nil where the kernel lost its answer.
        case refused(Int?, KernelError)
        /// By a signal, before the plan's change of this number.
        case interrupted(before: Int?)
        /// Every change was accepted, but these differences are there when the kernel is read back.
        case notConverged([Change])
        /// The kernel could not be read back.
        case notVerified(KernelError)
        /// What there is to remember, or the bindings, could not be written.
        case notKept(FileError)
    }

    public var result: Result
    public var plan: Plan
    /// The links as they were, for names.
    public var links: [Link]
    public var warnings: [Diagnostic]
    public var durations: Durations
    /// What differed when it was read back, where that is accepted.
    var drift: [Change] = []
    /// Undone, because others changed the host in the middle.
    var isOvertaken = false
    /// Changes that had been made when it failed.
    public var undoneCount = 0
    /// Addresses that a rebind may move, or has moved.
    public var floating: [FloatingAddress] = []
    /// What the neighbours were told; to be repeated, as they may miss one.
    public var announced: [NeighbourAnnouncement] = []
}

/// How long the stages took, in microseconds.
public struct Durations: Hashable, Sendable {
    /// Files and state.
    public var read: Int64 = 0
    public var observe: Int64 = 0
    public var plan: Int64 = 0
    public var perform: Int64 = 0
    public var verify: Int64 = 0

    public init() {}

    var total: Int64 { read + observe + plan + perform + verify }

    func add(to other: inout Durations) {
        other.read += read
        other.observe += observe
        other.plan += plan
        other.perform += perform
        other.verify += verify
    }
}

/// A plan that is only looked at.
public struct Preview: Sendable {
    public var plan: Plan
    public var desired: DesiredState
    public var kernel: KernelState
    public var warnings: [Diagnostic]
    public var durations: Durations
    /// Nothing is to be changed, and nothing to be remembered.
    var isSettled: Bool
}
