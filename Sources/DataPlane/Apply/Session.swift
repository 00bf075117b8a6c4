public import Netlink
public import Plist
import RPSTuner
internal import SystemPackage

/// One run on one network namespace: lock, observe, plan, journal, perform, verify, undo.
public final class Session {
    private let kernel: any Kernel
    let folder: StateFolder
    private let tables: TableFile
    private let bindings: BindingsFile
    /// Tells the neighbours about floating addresses that have come to this host or to another
    /// NIC of it, as soon as they have; returns warnings.
    public var announce: ([NeighbourAnnouncement], [Link]) -> [Diagnostic] = { _, _ in [] }
    /// The memory that the last `carryOut` left, seen under its lock.
    private(set) var versionLeft: MemoryVersion
    /// `--lib-dir`.
    var libDirectory: String { tables.directory }

    /// - Parameters:
    ///   - folder: the namespace's part of `--state-dir`.
    ///   - libDirectory: `--lib-dir`.
    public init(kernel: any Kernel, folder: StateFolder, libDirectory: String) {
        self.kernel = kernel
        self.folder = folder
        tables = TableFile(directory: libDirectory)
        bindings = BindingsFile(directory: libDirectory)
        versionLeft = folder.version
    }

    /// The plan, with nothing changed, and without the lock.
    ///
    /// Conflicts are in `plan.conflicts`: whoever only looks sees the rest as well.
    ///
    /// - Throws: where the kernel or a file of ours cannot be read.
    public func preview(
        _ goal: Goal, options: Plan.Options = .init()
    ) throws(SessionError) -> Preview {
        let stopwatch = Stopwatch()
        let past = try remembered(for: goal)
        var preview = try preview(goal, options: options, past).preview
        preview.durations.read = stopwatch.microseconds - preview.durations.total
        return preview
    }

    /// The configuration with the bindings in force, as `carryOut` takes it.
    ///
    /// - Throws: where a file of ours cannot be read.
    public func bound(
        _ config: Config
    ) throws(SessionError) -> (config: Config, warnings: [Diagnostic]) {
        let past = try remembered(for: .config(config))
        return (config.bound(by: past.bindings), past.warnings)
    }

    /// Makes the kernel agree, or leaves it as it was.
    ///
    /// Where others changed the host meanwhile, as a lease that comes at boot, the plan was for
    /// another host: it is undone, and there is another.
    ///
    /// - Parameter known: the memory that the caller has seen: where another run has left a newer
    ///   one meanwhile, the goal may be out of date.
    /// - Throws: before anything is changed. A refusal by the kernel is an outcome.
    public func carryOut(
        _ goal: Goal, options: Plan.Options = .init(), lockTimeout: Double,
        unlessNewerThan known: MemoryVersion? = nil
    ) throws(SessionError) -> Outcome {
        var outcome = try attempt(
            goal, options: options, lockTimeout: lockTimeout, unlessNewerThan: known)
        for _ in 0..<3 where outcome.isOvertaken {
            outcome = try attempt(
                goal, options: options, lockTimeout: lockTimeout,
                unlessNewerThan: known.map { _ in versionLeft })
            outcome.warnings.append(
                Diagnostic(
                    .warning,
                    "others changed addresses or routes meanwhile: undone, and planned again"))
        }
        return outcome
    }

    private func attempt(
        _ goal: Goal, options: Plan.Options, lockTimeout: Double,
        unlessNewerThan known: MemoryVersion?
    ) throws(SessionError) -> Outcome {
        var durations = Durations()
        let stopwatch = Stopwatch()
        let lock: Lock?
        do { lock = try folder.lock(timeout: lockTimeout) } catch { throw .file(error) }
        guard let lock else { throw .locked(folder.path + "/lock") }
        defer { withExtendedLifetime(lock) {} }
        defer { versionLeft = folder.version }
        if let known, known != folder.version { throw .superseded }
        var past = try remembered(for: goal)
        past.warnings += bindings.refreshCopy(past.bindingsFile)
        durations.read = stopwatch.microseconds

        let (preview, aim) = try preview(goal, options: options, past)
        preview.durations.add(to: &durations)
        let plan = preview.plan
        guard plan.conflicts.isEmpty else { throw .unavailable(plan.conflicts) }

        let memory = past.memory.following(preview.kernel.links)
        var after = aim.goal.memory(after: plan, bindings: aim.bindings)
        let prepared: BindingsFile.Prepared?
        do {
            // A damaged file is written anew.
            let isNew =
                aim.rebind != nil
                && (aim.bindings.kept != past.bindings.kept
                    || !past.bindingsFile.problems.isEmpty)
            prepared =
                isNew
                ? try bindings.prepare(aim.bindings.kept, sync: aim.rebind?.target == nil) : nil
        } catch { throw .file(error) }
        try rememberTables(preview.desired.newTables, beside: past.tables)
        var outcome = Outcome(
            result: .unchanged, plan: plan, links: preview.kernel.links,
            warnings: preview.warnings, durations: durations)
        outcome.floating = preview.desired.floating
        outcome.announced = preview.announcements(aim.rebind)
        if plan.isEmpty {
            do {
                outcome.warnings += try prepared?.commit() ?? []
                if !preview.isSettled { try folder.save(after) }
            } catch { throw .file(error) }
            outcome.warnings += announce(outcome.announced, outcome.links)
            return outcome
        }
        let during = memory.during(plan, after: after)
        do { try folder.begin(during, next: after) } catch {
            try? prepared?.cancel()
            throw .file(error)
        }

        let performing = Stopwatch()
        var failure = perform(plan.changes)
        outcome.durations.perform = performing.microseconds
        // At once: until they know, neighbours send to where the addresses were.
        if failure == nil { outcome.warnings += announce(outcome.announced, outcome.links) }
        let verifying = Stopwatch()
        if failure == nil {
            var duplicates: [Diagnostic] = []
            var reading = options
            reading.acceptsDuplicates = true
            reading.acceptsNarrowing = true
            reading.refusal = .none
            reading.comparesMarks = plan.comparesMarks
            failure = verify(aim.goal, options: reading, memory: &after, reporting: &duplicates)
            if let rest = failure?.unforeseenQueues(of: plan) {
                failure =
                    perform(rest)
                    ?? verify(aim.goal, options: reading, memory: &after, reporting: &duplicates)
            }
            outcome.warnings += duplicates
            if options.acceptsDrift, case .notConverged(let rest) = failure {
                outcome.drift = rest
                failure = nil
            }
        }
        outcome.durations.verify = verifying.microseconds

        do {
            if failure == nil {
                do { outcome.warnings += try prepared?.commit() ?? [] } catch {
                    failure = .notKept(error)
                }
            }
            guard let failure else {
                outcome.result = .applied
                if after.isNarrowed { try folder.amend(next: after) }
                try folder.commit()
                return outcome
            }
            var isOvertaken = false
            if case .notConverged = failure, let now = try? observe(aim.goal, memory: during) {
                isOvertaken = now.isOthers(than: preview.kernel, memory: during)
            }
            let left = undo(plan, to: preview.kernel, goal: aim.goal, memory: during)
            outcome.undoneCount = failure.madeCount(of: plan)
            outcome.warnings += announce(
                preview.kernel.places(of: outcome.announced), outcome.links)
            outcome.announced = []
            if case .rebind(_, let config) = goal {
                outcome.floating = config.bound(by: past.bindings).floating
            }
            outcome.result = left.isEmpty ? .undone(failure) : .stuck(failure, left: left)
            try prepared?.cancel()
            if left.isEmpty { try folder.cancel() }
            outcome.isOvertaken = isOvertaken && left.isEmpty
        } catch {
            outcome.warnings.append(Diagnostic(.warning, "\(error)"))
        }
        return outcome
    }

    /// What earlier runs remember, from both folders.
    private struct Past {
        var memory: Memory
        /// As they stand in LIB-DIR.
        var tables: [MACAddress: UInt32]
        var bindingsFile = BindingsFile.Reading()
        var warnings: [Diagnostic]

        var bindings: StandingBindings {
            StandingBindings(kept: bindingsFile.bindings, runtime: memory.bindings)
        }
    }

    private func remembered(for goal: Goal) throws(SessionError) -> Past {
        var past: Past
        do {
            let (memory, warnings) = try folder.load()
            past = Past(memory: memory, tables: try tables.load(), warnings: warnings)
        } catch { throw .file(error) }
        past.memory.tables = past.tables
        // Whatever is bound where, `teardown` takes it away.
        if case .nothing = goal { return past }
        do { past.bindingsFile = try bindings.load() } catch {
            throw .badBindings(error.diagnostics)
        }
        past.warnings += past.bindingsFile.problems
        return past
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
        _ goal: Goal, options: Plan.Options, _ past: Past
    ) throws(SessionError) -> (preview: Preview, aim: BoundGoal) {
        var durations = Durations()
        let observing = Stopwatch()
        var memory = past.memory
        var aim = BoundGoal(goal, bindings: past.bindings, links: [])
        let state: KernelState
        do {
            state = try kernel.observe { links in
                aim = BoundGoal(goal, bindings: past.bindings, links: links)
                memory = past.memory.following(links)
                memory.carryTables(aim.bindings)
                return aim.goal.sysctlsToObserve(links, memory: memory)
            } queues: { links in
                aim.goal.queuesToObserve(links, memory: memory)
            }
        } catch { throw .inconsistent(error) }
        durations.observe = observing.microseconds
        let planning = Stopwatch()
        var desired = aim.goal.desired(kernel: state, memory: memory)
        desired.conflicts +=
            aim.rebind?.conflicts(kernel: state, desired: desired, memory: memory)
            .map { Conflict($0) } ?? []
        var options = options
        if let rebind = aim.rebind {
            options.refusal = .of(rebind.concerned(state, boundBefore: past.bindings))
        }
        var plan = Plan(from: state, to: desired, memory: memory, options: options)
        plan.note(desired.floating)
        if aim.rebind != nil {
            plan.warnings += plan.standing.map { Diagnostic(.warning, at: $0.location, $0.message) }
        }
        durations.plan = planning.microseconds
        // Tables have a file of their own.
        var after = aim.goal.memory(after: plan, bindings: aim.bindings)
        after.tables = past.memory.tables
        let isSettled = plan.isEmpty && !past.memory.isInterrupted && after == past.memory
        let preview = Preview(
            plan: plan, desired: desired, kernel: state, warnings: past.warnings + plan.warnings,
            durations: durations, isSettled: isSettled)
        return (preview, aim)
    }

    /// - Parameter seesAllQueues: what a change of channels may have reset, too.
    private func observe(
        _ goal: Goal, memory: Memory, seesAllQueues: Bool = false
    ) throws(SessionError) -> KernelState {
        do {
            return try kernel.observe {
                goal.sysctlsToObserve($0, memory: memory.following($0))
            } queues: { links in
                var interests = goal.queuesToObserve(links, memory: memory.following(links))
                if seesAllQueues {
                    for index in interests.keys { interests[index]?.aspects = .all }
                }
                return interests
            }
        } catch { throw .inconsistent(error) }
    }

    private func perform(_ changes: [Change]) -> Outcome.Failure? {
        do {
            try kernel.perform(changes)
            return nil
        } catch {
            return error.error.errno == .interrupted
                ? .interrupted : .refused(error.index, error.error)
        }
    }

    /// nil where the kernel holds what was planned.
    ///
    /// - Parameter memory: learns what the kernel took in part, and which queues are new.
    private func verify(
        _ goal: Goal, options: Plan.Options, memory: inout Memory,
        reporting accepted: inout [Diagnostic]
    ) -> Outcome.Failure? {
        do {
            let state = try observe(goal, memory: memory)
            let desired = goal.desired(kernel: state, memory: memory)
            let rest = Plan(from: state, to: desired, memory: memory, options: options)
            accepted = rest.duplicates + rest.narrowings
            for (identity, object) in rest.narrowed {
                memory.settings[identity]?.narrowed = object
            }
            for case .steering(let setting) in rest.changes.map(\.object) {
                memory.settings[setting.identity] = rest.memory.settings[setting.identity]
            }
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
            guard let now = try? observe(goal, memory: memory, seesAllQueues: true) else {
                continue
            }
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

extension Outcome.Failure {
    /// What is left to be done for queues and interrupts that only the change of channels brought
    /// to light: a driver gives them names and numbers as it likes. nil: it failed for another
    /// reason.
    fileprivate func unforeseenQueues(of plan: Plan) -> [Change]? {
        guard case .notConverged(let rest) = self,
            plan.changes.contains(where: { $0.object.kind == "channels" }),
            rest.allSatisfy({ $0.object.kind == "steering" })
        else { return nil }
        return rest
    }

    /// How many changes the kernel had been given before the one that it refused.
    fileprivate func madeCount(of plan: Plan) -> Int {
        switch self {
        case .refused(let index, _): index ?? plan.changes.count
        case .interrupted, .notConverged, .notVerified, .notKept: plan.changes.count
        }
    }
}
