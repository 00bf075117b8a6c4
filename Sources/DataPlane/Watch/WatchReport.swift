import Logging
import Netlink
import Plist
import SystemPackage

/// What `watch` says, and to whom: the log, `status`, the service manager. What stands is said
/// once.
struct WatchReport {
    let log: Logger
    private let notifier: Notifier
    private let folder: StateFolder

    private var record = WatchRecord()
    private var savedRecord: WatchRecord?
    private var conflicts: [Diagnostic] = []
    private var warnings: Set<Diagnostic> = []
    private var problem: String?
    private var badFile: String?
    private var unfollowed: KernelError?
    private var status: String?
    private var repairs = 0

    init(_ log: Logger, _ notifier: Notifier, _ folder: StateFolder) {
        self.log = log
        self.notifier = notifier
        self.folder = folder
    }

    /// What was said is said again where it still stands.
    mutating func forget() {
        (conflicts, warnings, problem, badFile) = ([], [], nil, nil)
        unfollowed = nil
    }

    /// Who was left alone is no more.
    mutating func forgetDispute() {
        if record.reasonEnd != nil { hold(nil) }
    }

    /// All that there are now.
    mutating func warn(_ warnings: [Diagnostic]) {
        for warning in warnings where !self.warnings.contains(warning) {
            log.warning("\(warning.sentence)")
        }
        self.warnings = Set(warnings)
    }

    /// What is left as it is while the rest of the host is kept.
    mutating func tell(standing: [Diagnostic]) {
        for conflict in standing where !conflicts.contains(conflict) {
            log.error("\(conflict.sentence)")
        }
        if standing.isEmpty, !conflicts.isEmpty { log.notice("no conflict any more") }
        conflicts = standing
    }

    /// What stops all of it.
    mutating func tell(conflicts: [Diagnostic]) {
        tell(standing: conflicts)
        hold("nothing is changed while there is a conflict")
        tell(status: "A conflict: \(conflicts.first?.message ?? "")")
    }

    /// Something that will be tried again.
    mutating func tell(problem: String) {
        guard self.problem != problem else { return }
        self.problem = problem
        log.error("\(problem); trying again")
        tell(status: problem)
    }

    /// - Returns: whether it is news.
    func isNews(badFile text: String) -> Bool { text != badFile }

    /// - Parameter text: what is kept, and why the files are not; nil: they are good.
    mutating func tell(badFile text: String?) {
        if let text, isNews(badFile: text) { log.error("\(text)") }
        if text == nil, badFile != nil { log.notice("the files are good again") }
        badFile = text
    }

    /// - Parameter error: why a changed file goes unnoticed; nil: none does.
    mutating func tell(unfollowed error: KernelError?) {
        guard error != unfollowed else { return }
        unfollowed = error
        guard let error else { return log.notice("the files are followed again") }
        let cure =
            error.errno == .noSpace
            ? "the user's inotify watches are used up (fs.inotify.max_user_watches); " : ""
        log.error("cannot \(error); \(cure)trying again; until then only SIGHUP reads the files")
    }

    mutating func tellRefusal(_ words: String) {
        log.error("\(words)")
        hold("the last repair was refused; it is tried again")
        tell(status: "The last repair was refused")
    }

    mutating func tell(_ repair: Repair, _ culprits: Culprits) {
        repairs += 1
        log.notice("repaired in \(repair.text)\(culprits.words(of: repair.changes))")
        guard let names = culprits.undoers(of: repair.changes) else { return }
        record.add(
            WatchRecord.Incident(
                culprit: names, count: repair.count, example: repair.example,
                time: WatchRecord.now))
    }

    /// A dispute begins or goes on.
    mutating func tell(
        _ dispute: Patience.Dispute, _ names: InterfaceNames, _ culprits: Culprits
    ) {
        let quarrel = dispute.words(names, culprits)
        log.warning("\(quarrel); it is left alone for \(dispute.seconds) s")
        hold(quarrel, for: dispute)
    }

    /// All that differs is left alone.
    mutating func tell(
        waiting dispute: Patience.Dispute, _ names: InterfaceNames, _ culprits: Culprits
    ) {
        let quarrel = dispute.words(names, culprits)
        if quarrel != record.reason { log.info("waiting for \(dispute.seconds) s: \(quarrel)") }
        hold(quarrel, for: dispute)
        tell(status: "Leaves alone: \(quarrel)")
    }

    /// The kernel is as it should be.
    mutating func tellWhole() {
        problem = nil
        record.isCalledBack = false
        // The end of a dispute is told by its own time.
        if record.reasonEnd.map({ $0 < WatchRecord.now }) ?? true { hold(limit) }
        save()
        tell(status: limit ?? "As configured, \(repairs) repairs so far")
    }

    /// Why not all that the files say is kept.
    private var limit: String? {
        if let badFile {
            let lines = badFile.split(separator: "\n", maxSplits: 2)
            return lines.prefix(2).joined(separator: " ")
        }
        if let conflict = conflicts.first {
            return "A conflict is left as it is: \(conflict.message)"
        }
        return unfollowed.map { "Changed files go unnoticed: cannot \($0)" }
    }

    mutating func tellStandBy() {
        log.notice("torn down; standing by until the next apply or SIGHUP")
        hold(WatchRecord.tornDown)
        tell(status: "Standing by after teardown")
    }

    mutating func tellCallBack(bySignal: Bool) {
        log.notice("called back by \(bySignal ? "SIGHUP" : "a new run")")
        record.isCalledBack = bySignal
        hold(nil)
    }

    func begin() { save(record) }

    /// `status` is told nothing any more.
    func end() {
        do throws(FileError) {
            try folder.removeWatchRecord()
        } catch { log.warning("\(error)") }
    }

    private mutating func tell(status: String) {
        guard status != self.status else { return }
        self.status = status
        notifier.status(status)
    }

    /// - Parameter dispute: what ends by itself.
    private mutating func hold(_ reason: String?, for dispute: Patience.Dispute? = nil) {
        record.reason = reason
        record.reasonEnd = dispute.map { WatchRecord.now + $0.seconds }
        save()
    }

    private mutating func save() {
        guard record != savedRecord else { return }
        savedRecord = record
        save(record)
    }

    private func save(_ record: WatchRecord) {
        do throws(FileError) {
            try folder.write(record)
        } catch { log.warning("status cannot be told: \(error)") }
    }
}

extension Patience.Dispute {
    /// Rounded up.
    fileprivate var seconds: Int64 {
        let (seconds, attoseconds) = pause.components
        return seconds + (attoseconds > 0 ? 1 : 0)
    }

    /// Who keeps undoing what.
    fileprivate func words(_ names: InterfaceNames, _ culprits: Culprits) -> String {
        let example = changes.first?.name(names) ?? ""
        let more = changes.count > 1 ? " and \(changes.count - 1) more" : ""
        return changes.allSatisfy(\.isOfDuplicate)
            ? "another host on the link keeps \(example)\(more)"
            : "\(culprits.undoers(of: changes) ?? "somebody") keeps undoing \(example)\(more)"
    }
}

extension Diagnostic {
    /// Place and message: the level says how bad it is.
    fileprivate var sentence: String { (location.map { "\($0): " } ?? "") + message }
}
