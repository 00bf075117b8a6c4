public import Netlink
public import Plist

/// One run on one network namespace: lock, observe, plan, journal, perform, verify, undo.
public final class Session {
    let kernel: any Kernel
    let folder: StateFolder
    let tables: TableFile
    let bindings: BindingsFile
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
                    "others changed the host meanwhile: undone, and planned again"))
        }
        return outcome
    }

    private func attempt(
        _ goal: Goal, options: Plan.Options, lockTimeout: Double,
        unlessNewerThan known: MemoryVersion?
    ) throws(SessionError) -> Outcome {
        var durations = Durations()
        let stopwatch = Stopwatch()
        let locks = try locks(for: goal, timeout: lockTimeout)
        defer { withExtendedLifetime(locks) {} }
        defer { versionLeft = folder.version }
        if let known, known != folder.version { throw .superseded }
        var past = try remembered(for: goal)
        past.warnings += bindings.refreshCopy(past.bindingsFile)
        durations.read = stopwatch.microseconds

        let (preview, aim) = try preview(goal, options: options, past)
        preview.durations.add(to: &durations)
        let plan = preview.plan
        guard plan.conflicts.isEmpty else { throw .unavailable(plan.conflicts) }

        try rememberTables(preview.desired.newTables)
        let prepared = try prepareBindings(aim, beside: past)
        var outcome = Outcome(
            result: .unchanged, plan: plan, links: preview.kernel.links,
            warnings: preview.warnings, durations: durations)
        outcome.floating = preview.desired.floating
        outcome.announced = preview.announcements(aim.rebind)
        let after = aim.goal.memory(after: plan, bindings: aim.bindings)
        if plan.isEmpty {
            do {
                if !preview.isSettled { try folder.save(after) }
                outcome.warnings += try prepared?.commit() ?? []
            } catch {
                try? prepared?.cancel()
                throw .file(error)
            }
            outcome.warnings += announce(outcome.announced, outcome.links)
            return outcome
        }

        let memory = past.memory.following(preview.kernel.links)
        var transaction = Transaction(
            kernel: kernel, goal: aim.goal, plan: plan, before: preview.kernel,
            during: memory.during(plan, after: after), after: after)
        do { try folder.begin(transaction.during, next: after) } catch {
            try? prepared?.cancel()
            throw .file(error)
        }
        let failure =
            perform(&transaction, options, &outcome) ?? keepBindings(prepared, &outcome)
        do {
            if let failure {
                if case .rebind(_, let config) = goal {
                    outcome.floating = config.bound(by: past.bindings).floating
                }
                try takeBack(transaction, after: failure, prepared, &outcome)
            } else {
                outcome.result = .applied
                if transaction.after != after { try folder.amend(next: transaction.after) }
                try folder.commit()
            }
        } catch {
            outcome.warnings.append(Diagnostic(.warning, "\(error)"))
        }
        return outcome
    }

    /// The namespace's, and for a rebind that of the bindings, which all namespaces share.
    private func locks(for goal: Goal, timeout: Double) throws(SessionError) -> [Lock] {
        let lock = try held(folder.path + "/lock") { () throws(FileError) in
            try folder.lock(timeout: timeout)
        }
        guard case .rebind = goal else { return [lock] }
        let ofBindings = try held(bindings.lockPath) { () throws(FileError) in
            try bindings.lock(timeout: timeout)
        }
        return [lock, ofBindings]
    }

    private func held(
        _ path: String, _ lock: () throws(FileError) -> Lock?
    ) throws(SessionError) -> Lock {
        do {
            if let lock = try lock() { return lock }
        } catch { throw .file(error) }
        throw .locked(path)
    }

    private func perform(
        _ transaction: inout Transaction, _ options: Plan.Options, _ outcome: inout Outcome
    ) -> Outcome.Failure? {
        let performing = Stopwatch()
        let refusal = transaction.perform()
        outcome.durations.perform = performing.microseconds
        if let refusal { return refusal }
        // At once: until they know, neighbours send to where the addresses were.
        outcome.warnings += announce(outcome.announced, outcome.links)
        let verifying = Stopwatch()
        let failure = transaction.verify(options)
        outcome.durations.verify = verifying.microseconds
        outcome.warnings += transaction.accepted
        if options.acceptsDrift, case .notConverged(let rest) = failure {
            outcome.drift = rest
            return nil
        }
        return failure
    }

    private func takeBack(
        _ transaction: Transaction, after failure: Outcome.Failure,
        _ prepared: BindingsFile.Prepared?, _ outcome: inout Outcome
    ) throws(FileError) {
        let isOvertaken = transaction.isOvertaken(failure)
        let left = transaction.undo(after: failure)
        outcome.isOvertaken = isOvertaken && left.isEmpty
        outcome.undoneCount = failure.madeCount(of: transaction.plan)
        outcome.warnings += announce(
            transaction.before.places(of: outcome.announced), outcome.links)
        outcome.announced = []
        outcome.result = left.isEmpty ? .undone(failure) : .stuck(failure, left: left)
        if left.isEmpty { try folder.cancel() }
        try prepared?.cancel()
    }
}
