import Netlink
import Plist
internal import SystemPackage

/// One run on one network namespace: lock, observe, plan, journal, perform, verify, undo.
public final class Session {
    /// What the kernel is to agree with.
    public enum Goal: Sendable {
        case config(Config)
        /// `teardown`.
        case nothing
    }

    private let kernel: any Kernel
    private let folder: StateFolder
    private let tables: TableFile

    /// - Parameters:
    ///   - folder: the namespace's part of `--state-dir`.
    ///   - libDirectory: `--lib-dir`.
    public init(kernel: any Kernel, folder: StateFolder, libDirectory: String) {
        self.kernel = kernel
        self.folder = folder
        tables = TableFile(directory: libDirectory)
    }

    /// The plan, with nothing changed, and without the lock.
    ///
    /// Conflicts are in `plan.conflicts`: whoever only looks sees the rest as well.
    ///
    /// - Throws: where the kernel or a file of ours cannot be read.
    public func preview(
        _ goal: Goal, options: Plan.Options = .init()
    ) throws(SessionError) -> Preview {
        var durations = Durations()
        let start = ContinuousClock.now
        let (memory, warnings) = try remembered()
        durations.read = start.microsecondsSince
        return try preview(
            goal, options: options, memory: memory, warnings: warnings, durations: durations)
    }

    /// Makes the kernel agree, or leaves it as it was.
    ///
    /// - Throws: before anything is changed. A refusal by the kernel is an outcome.
    public func carryOut(
        _ goal: Goal, options: Plan.Options = .init(), lockTimeout: Double
    ) throws(SessionError) -> Outcome {
        var durations = Durations()
        let start = ContinuousClock.now
        let lock: Lock?
        do { lock = try folder.lock(timeout: lockTimeout) } catch { throw .file(error) }
        guard let lock else { throw .locked(folder.path + "/lock") }
        defer { withExtendedLifetime(lock) {} }
        let (memory, warnings) = try remembered()
        durations.read = start.microsecondsSince

        let preview = try preview(
            goal, options: options, memory: memory, warnings: warnings, durations: durations)
        durations = preview.durations
        let plan = preview.plan
        guard plan.conflicts.isEmpty else { throw .unavailable(plan.conflicts) }

        let after = goal.memory(after: plan, tables: memory.tables)
        try rememberTables(preview.desired.newTables, beside: memory.tables)
        if plan.isEmpty {
            if after != memory || memory.isInterrupted {
                do { try folder.save(after) } catch { throw .file(error) }
            }
            return Outcome(
                result: .unchanged, plan: plan, links: preview.kernel.links,
                warnings: preview.warnings, durations: durations)
        }
        let during = memory.during(plan, after: after)
        do { try folder.begin(during, next: after) } catch { throw .file(error) }

        let performing = ContinuousClock.now
        var failure: Outcome.Failure?
        do {
            try kernel.perform(plan.changes)
        } catch {
            failure =
                error.error.errno == .interrupted
                ? .interrupted : .refused(error.index, error.error)
        }
        durations.perform = performing.microsecondsSince
        let verifying = ContinuousClock.now
        var duplicates: [Diagnostic] = []
        if failure == nil {
            var reading = options
            reading.acceptsDuplicates = true
            reading.comparesMarks = plan.comparesMarks
            failure = verify(goal, options: reading, memory: after, reporting: &duplicates)
        }
        durations.verify = verifying.microsecondsSince

        var outcome = Outcome(
            result: .applied, plan: plan, links: preview.kernel.links,
            warnings: preview.warnings + duplicates, durations: durations)
        do {
            guard let failure else {
                try folder.commit()
                return outcome
            }
            let left = undo(plan, to: preview.kernel, goal: goal, memory: during)
            outcome.undoneCount = failure.madeCount(of: plan)
            if left.isEmpty {
                try folder.cancel()
                outcome.result = .undone(failure)
            } else {
                outcome.result = .stuck(failure, left: left)
            }
        } catch {
            outcome.warnings.append(Diagnostic(.warning, "\(error)"))
        }
        return outcome
    }

    /// What earlier runs remember, from both folders.
    private func remembered() throws(SessionError) -> (Memory, [Diagnostic]) {
        do {
            var (memory, warnings) = try folder.load()
            memory.tables = try tables.load()
            return (memory, warnings)
        } catch { throw .file(error) }
    }

    private func rememberTables(
        _ new: [MACAddress: UInt32], beside old: [MACAddress: UInt32]
    ) throws(SessionError) {
        guard !new.isEmpty else { return }
        do {
            try tables.save(old.merging(new) { _, new in new })
        } catch { throw .file(error) }
    }

    private func preview(
        _ goal: Goal, options: Plan.Options, memory: Memory, warnings: [Diagnostic],
        durations: Durations
    ) throws(SessionError) -> Preview {
        var durations = durations
        let observing = ContinuousClock.now
        let state = try observe(goal, memory: memory)
        durations.observe = observing.microsecondsSince
        let planning = ContinuousClock.now
        let desired = goal.desired(kernel: state, memory: memory)
        let plan = Plan(from: state, to: desired, memory: memory, options: options)
        durations.plan = planning.microsecondsSince
        return Preview(
            plan: plan, desired: desired, kernel: state, warnings: warnings + plan.warnings,
            durations: durations)
    }

    private func observe(_ goal: Goal, memory: Memory) throws(SessionError) -> KernelState {
        do {
            return try kernel.observe { goal.sysctlsToObserve($0, memory: memory) }
        } catch { throw .inconsistent(error) }
    }

    /// nil where the kernel holds what was planned.
    private func verify(
        _ goal: Goal, options: Plan.Options, memory: Memory,
        reporting duplicates: inout [Diagnostic]
    ) -> Outcome.Failure? {
        do {
            let state = try observe(goal, memory: memory)
            let desired = goal.desired(kernel: state, memory: memory)
            let rest = Plan(from: state, to: desired, memory: memory, options: options)
            duplicates = rest.duplicates
            return rest.isEmpty ? nil : .notConverged(rest.changes)
        } catch .inconsistent(let error) {
            return .notVerified(error)
        } catch {
            return .notVerified(KernelError("read back", .ioError, message: "\(error)"))
        }
    }

    /// Brings back what was; what could not be is returned.
    ///
    /// The kernel's side effects of undoing are undone by another look, so this takes a few rounds;
    /// a change that is refused is left out of the round's rest, and tried again in the next.
    private func undo(
        _ plan: Plan, to before: KernelState, goal: Goal, memory: Memory
    ) -> [Change] {
        var left: [Change] = plan.changes.reversed().map(\.inverse)
        for _ in 0..<4 {
            guard let now = try? observe(goal, memory: memory) else { continue }
            left = Restoration(of: plan.changes, from: now, to: before).changes
            var rest = left[...]
            while !rest.isEmpty {
                do {
                    try kernel.perform(Array(rest))
                    break
                } catch {
                    guard let index = error.index else { break }
                    rest = rest.dropFirst(index + 1)
                }
            }
            if left.isEmpty { break }
        }
        return left
    }
}

extension Session.Goal {
    fileprivate func desired(kernel: KernelState, memory: Memory) -> DesiredState {
        switch self {
        case .config(let config):
            return DesiredState(config, kernel: kernel, memory: memory)
        case .nothing:
            return DesiredState(forTeardownOf: kernel, memory: memory)
        }
    }

    fileprivate func sysctlsToObserve(_ links: [Link], memory: Memory) -> Set<SysctlName> {
        switch self {
        case .config(let config): config.sysctlsToObserve(links, memory: memory)
        case .nothing:
            memory.sysctlsToObserve.union(
                memory.sysctlsToObserve.flatMap { $0.overwrites(links) })
        }
    }

    fileprivate func memory(after plan: Plan, tables: [MACAddress: UInt32]) -> Memory {
        var memory = plan.memory
        memory.pending = []
        memory.isInterrupted = false
        switch self {
        case .config(let config):
            memory.files = config.files
            memory.protocols = [config.protocol]
        case .nothing:
            memory.files = []
            memory.protocols = []
        }
        return memory
    }
}

extension Memory {
    /// What may be true at any moment while the plan is carried out.
    fileprivate func during(_ plan: Plan, after: Memory) -> Memory {
        var memory = self
        memory.protocols.formUnion(after.protocols)
        memory.createdAddresses.formUnion(after.createdAddresses)
        for case .add(.address(let address)) in plan.changes.map(\.action) {
            memory.createdAddresses.insert(address.identity)
        }
        memory.settings.merge(after.settings) { old, new in
            RememberedSetting(first: old.first, ours: new.ours, cause: new.cause)
        }
        memory.pending += plan.putBack
        return memory
    }
}

extension Outcome.Failure {
    /// How many changes the kernel had been given before the one that it refused.
    fileprivate func madeCount(of plan: Plan) -> Int {
        switch self {
        case .refused(let index, _): index ?? plan.changes.count
        case .interrupted, .notConverged, .notVerified: plan.changes.count
        }
    }
}

extension ContinuousClock.Instant {
    fileprivate var microsecondsSince: Int64 {
        let (seconds, attoseconds) = duration(to: .now).components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
