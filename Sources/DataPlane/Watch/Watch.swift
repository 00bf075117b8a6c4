import Logging
import Netlink
import Plist

/// Keeps a namespace as its files say: the same run again whenever something has changed.
///
/// It holds no repair code of its own. A look is a preview; a preview that is not empty is carried
/// out. What there is to decide is when to look, and when to leave somebody alone.
public final class Watch {
    let session: Session
    let now: () -> Duration
    private let explain: (Outcome) -> String?

    var report: WatchReport
    var schedule = WatchSchedule()
    var patience = Patience()
    private(set) var concern = Concern()
    private(set) var hasLooked = false
    private var culprits = Culprits()
    private var udev = UdevQueue()

    /// The main file: the last run's, or the one given.
    var path: String
    var configuration: Configuration?
    /// The files as they are now, while they are not in force.
    var change: Configuration?
    /// The memory that was seen last.
    var known: MemoryVersion
    var isMemoryStale = false
    var isConfigurationStale = false
    /// The files were bad when they were read last: they may be about to be written.
    var isConfigurationDoubtful = false
    /// Why what is carried out next is no repair.
    var occasion: String? = "configured"
    private var lockPause = Watch.shortestLockPause
    private static let shortestLockPause: Duration = .milliseconds(50)

    /// - Parameters:
    ///   - path: the main file, for a namespace in which nothing was applied since boot.
    ///   - explain: why a transaction failed, in words; nil where it did not.
    ///   - now: a clock that nobody sets.
    init(
        _ session: Session, path: String, log: Logger, notifier: Notifier,
        explain: @escaping (Outcome) -> String?, now: @escaping () -> Duration
    ) {
        self.session = session
        self.path = Files.absolute(path)
        self.explain = explain
        self.now = now
        report = WatchReport(log, notifier, session.folder)
        known = session.folder.version
    }

    func notice(_ event: KernelEvent) {
        guard !schedule.isStandingBy, concern.isConcerned(by: event) else { return }
        schedule.noticeKernel(at: now())
        culprits.add(
            event, isUndoing: concern.isUndoing(event), isForeign: !concern.isOurs(event))
    }

    /// Events were lost: only a look tells.
    func noticeLoss() {
        schedule.noticeKernel(at: now())
        report.log.debug("the kernel has dropped events; looking at everything")
    }

    func notice(_ topic: FileWatcher.Topic) {
        switch topic {
        case .configuration: isConfigurationStale = true
        case .memory:
            // Our own runs write it too.
            guard session.folder.version != known else { return }
            isMemoryStale = true
        case .bindings: if schedule.isStandingBy { return }
        }
        schedule.noticeFile(at: now())
    }

    /// One look, and whatever follows from it.
    ///
    /// - Parameter hear: takes the events that have come by now: who undid what this look has found
    ///   may have done it after the look began.
    func look(hear: () throws(SessionError) -> Void) {
        schedule.beginLook()
        let hasAnotherRun = isMemoryStale
        if isMemoryStale { tryToRecall() }
        if isConfigurationStale, !schedule.isStandingBy {
            readConfiguration(isApplied: hasAnotherRun)
        }
        guard !schedule.isStandingBy, configuration != nil || change != nil else {
            hasLooked = true
            return
        }
        let start = now()
        do throws(SessionError) {
            try takeUpChange()
            guard let config = configuration?.config else { return }
            let preview = try session.preview(.config(config), options: Self.options)
            concern = Concern(preview.desired)
            try hear()
            try answer(preview, config, since: start, hear)
        } catch {
            answer(error)
        }
    }

    private func answer(
        _ preview: Preview, _ config: Config, since start: Duration,
        _ hear: () throws(SessionError) -> Void
    ) throws(SessionError) {
        let changes = preview.plan.changes
        // Another run may be in the middle of what looks like a conflict.
        if !preview.plan.allConflicts.isEmpty, session.folder.isLocked {
            throw .locked(session.folder.path)
        }
        guard preview.plan.conflicts.isEmpty else { throw .unavailable(preview.plan.conflicts) }
        report.tell(standing: preview.plan.standing)
        guard !preview.isSettled else {
            report.warn(preview.warnings)
            return settle()
        }
        if let time = udev.delay(of: changes, on: preview.kernel.links, at: now())
            ?? patience.delay(of: changes, at: now())
        {
            hasLooked = true
            return schedule.look(at: time)
        }
        if let dispute = patience.dispute(over: changes, at: now()) {
            hasLooked = true
            report.tell(waiting: dispute, InterfaceNames(of: preview.kernel.links), culprits)
            return schedule.look(at: now() + dispute.pause)
        }
        let outcome = try session.carryOut(
            .config(config), options: Self.options, lockTimeout: 0, unlessNewerThan: known)
        known = session.versionLeft
        try hear()
        if !outcome.drift.isEmpty { schedule.look(at: now() + WatchSchedule.calm) }
        report.warn(outcome.warnings)
        guard let failure = explain(outcome) else {
            return settle(Repair(outcome, took: now() - start))
        }
        hasLooked = true
        report.tellRefusal(failure)
        schedule.look(at: patience.refused(outcome.plan.changes, at: now()))
    }

    /// Whatever is in conflict, the rest of the host is kept as it should be.
    static var options: Plan.Options {
        var options = Plan.Options()
        options.acceptsDrift = true
        options.refusal = .none
        return options
    }

    /// The kernel is as it should be.
    private func settle(_ repair: Repair? = nil) {
        hasLooked = true
        lockPause = Self.shortestLockPause
        patience.succeeded()
        if let repair, repair.count > 0 {
            if let occasion {
                report.log.notice("\(occasion) in \(repair.text)")
            } else {
                report.tell(repair, culprits)
                if let dispute = patience.repaired(repair.changes, at: now()) {
                    report.tell(dispute, repair.names, culprits)
                }
            }
        }
        occasion = nil
        // Who came during this look may have undone what the next one finds.
        if !schedule.hasNews { culprits.clear() }
        report.tellWhole()
    }

    private func answer(_ error: SessionError) {
        switch error {
        case .locked(let file):
            report.log.debug("another rtsetup holds \(file)")
            schedule.look(at: now() + lockPause)
            lockPause = min(lockPause * 2, .seconds(1))
            return
        case .superseded:
            isMemoryStale = true
            isConfigurationStale = true
            return schedule.look(at: now())
        case .unavailable(let conflicts):
            culprits.clear()
            report.tell(conflicts: conflicts)
        case .inconsistent(let problem): retry("cannot \(problem)")
        case .file(let problem): retry("\(problem)")
        case .badBindings(let problems):
            retry(problems.map(\.message).joined(separator: "; "))
        }
        hasLooked = true
    }

    func retry(_ problem: String) {
        report.tell(problem: problem)
        schedule.look(at: patience.failed(at: now()))
    }
}
