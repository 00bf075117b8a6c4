import Netlink
import Plist
import RPSTuner
import SystemPackage

/// One plan on its way into the kernel: performed, read back, and undone where that does not show
/// what was planned.
struct Transaction {
    let kernel: any Kernel
    let goal: Session.Goal
    let plan: Plan
    /// The kernel as the plan has found it.
    let before: KernelState
    /// What may be ours at any moment meanwhile.
    let during: Memory
    /// What there is to remember once it is whole. Reading back teaches it what the kernel took in
    /// part.
    private(set) var after: Memory
    /// What reading back found, and what is no failure.
    private(set) var accepted: [Diagnostic] = []
    /// Whether others' addresses or routes differed between planning and reading back. The next
    /// look might find them as they were.
    private(set) var hasSeenOthers = false

    /// nil where the kernel took every change.
    func perform() -> Outcome.Failure? { perform(plan.changes) }

    /// nil where the kernel holds what was planned.
    mutating func verify(_ options: Plan.Options) -> Outcome.Failure? {
        var reading = options
        reading.acceptsDuplicates = true
        reading.acceptsNarrowing = true
        reading.refusal = .none
        reading.comparesMarks = plan.comparesMarks
        let failure = readBack(reading)
        guard let rest = failure?.unforeseenQueues(of: plan) else { return failure }
        return perform(rest) ?? readBack(reading)
    }

    /// Whether it failed because others were at work meanwhile.
    func isOvertaken(_ failure: Outcome.Failure) -> Bool {
        if failure.madeByOthers(of: plan) != nil { return true }
        return switch failure {
        case .notConverged: hasSeenOthers
        case .refused:
            (try? observe(memory: during)).map { !$0.hasLinks(of: before) } ?? false
        case .interrupted, .notVerified, .notKept: false
        }
    }

    /// Brings back what was; what could not be is returned.
    ///
    /// The kernel's side effects of undoing are undone by another look, so this takes a few
    /// rounds. What is refused comes last in the next: the kernel is given no further send after
    /// one with a refusal in it.
    func undo(after failure: Outcome.Failure) -> [Outcome.Remnant] {
        var made = plan.changes
        if let index = failure.madeByOthers(of: plan) { made.remove(at: index) }
        var left: [Change] = made.reversed().map(\.inverse)
        var refused: [KernelObject.Identity: KernelError] = [:]
        var blindness: KernelError?
        for round in 0...Self.undoRounds {
            do {
                let now = try observe(memory: during, seesAllQueues: true)
                left = Restoration(of: made, from: now, to: before).changes
                blindness = nil
            } catch {
                blindness = error
                continue
            }
            if left.isEmpty || round == Self.undoRounds { break }
            let ordered = left.sortedStably { refused[$0.object.identity] != nil }
            do { try kernel.perform(ordered) } catch {
                for (index, reason) in error.all {
                    refused[ordered[index].object.identity] = reason
                }
            }
        }
        return left.map {
            Outcome.Remnant(change: $0, error: refused[$0.object.identity] ?? blindness)
        }
    }

    /// Twelve thousand addresses go in six sends, and each may hold a refusal.
    private static let undoRounds = 12

    private func perform(_ changes: [Change]) -> Outcome.Failure? {
        do {
            try kernel.perform(changes)
            return nil
        } catch {
            return error.error.errno == .interrupted
                ? .interrupted(before: error.index) : .refused(error.index, error.error)
        }
    }

    private mutating func readBack(_ options: Plan.Options) -> Outcome.Failure? {
        do {
            let state = try observe(memory: after)
            let desired = goal.desired(kernel: state, memory: after)
            let rest = Plan(from: state, to: desired, memory: after, options: options)
            accepted = rest.duplicates + rest.narrowings
            for (identity, object) in rest.narrowed {
                after.settings[identity]?.narrowed = object
            }
            if rest.isEmpty { return nil }
            hasSeenOthers = state.isOthers(than: before, memory: during)
            return .notConverged(rest.changes)
        } catch {
            return .notVerified(error)
        }
    }

    /// - Parameter seesAllQueues: what a change of channels may have reset, too.
    private func observe(
        memory: Memory, seesAllQueues: Bool = false
    ) throws(KernelError) -> KernelState {
        try kernel.observe {
            goal.sysctlsToObserve($0, memory: memory.following($0))
        } queues: { links in
            var interests = goal.queuesToObserve(links, memory: memory.following(links))
            if seesAllQueues {
                for index in interests.keys { interests[index]?.aspects = .all }
            }
            return interests
        }
    }
}

extension Outcome.Failure {
    /// What is left to be done for queues and interrupts that only the change of channels brought
    /// to light: a driver gives them names and numbers as it likes. They have no first value, as
    /// they go with the channels. nil: it failed for another reason.
    fileprivate func unforeseenQueues(of plan: Plan) -> [Change]? {
        guard case .notConverged(let rest) = self,
            plan.changes.contains(where: { $0.object.isChannels }),
            rest.allSatisfy({ $0.object.isSteering })
        else { return nil }
        return rest
    }

    /// The change that was refused because others had made it before.
    fileprivate func madeByOthers(of plan: Plan) -> Int? {
        guard case .refused(let index?, let error) = self, plan.changes.indices.contains(index)
        else { return nil }
        let isMade =
            switch plan.changes[index].action {
            case .add: error.errno == .fileExists
            // Of rules, routes and addresses.
            case .remove:
                [.noSuchFileOrDirectory, .noSuchProcess, .addressNotAvailable].contains(error.errno)
            case .replace: false
            }
        return isMade ? index : nil
    }

    /// How many changes the kernel had been given before the one that it refused.
    func madeCount(of plan: Plan) -> Int {
        let given: Int? =
            switch self {
            case .refused(let index, _), .interrupted(before: let index): index
            case .notConverged, .notVerified, .notKept: nil
            }
        return plan.changes.prefix(given ?? plan.changes.count).count { !$0.isSideEffect }
    }
}

extension Refusal {
    /// Everything that is known to be refused.
    fileprivate var all: [Int: KernelError] {
        guard let index else { return others }
        return others.merging([index: error]) { $1 }
    }
}

extension KernelObject {
    fileprivate var isChannels: Bool { if case .channels = self { true } else { false } }
    fileprivate var isSteering: Bool { if case .steering = self { true } else { false } }
}
