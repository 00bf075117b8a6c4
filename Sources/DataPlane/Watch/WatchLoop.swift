internal import CNL
import Glibc
import Logging
import Netlink
import SystemPackage

/// Waits for the kernel's events, files and signals, and for the time of a look. Where nothing
/// happens it sleeps without end.
final class WatchLoop {
    private let watch: Watch
    private let notifier: Notifier
    private let port: UInt32
    private let signals: SignalSource
    private let events: EventSocket
    private let files: FileWatcher
    private var interests: [FileWatcher.Interest] = []
    /// When files that cannot be followed are tried again, and how long after that.
    private var nextAttempt = Duration.zero
    private var filePause = Patience.shortest
    /// What the filter lets through; nil: it leaves out nothing of anybody else.
    private var tables: Set<UInt32>?
    private var isReady = false
    private var nextSignOfLife: Duration?

    /// Listens from now on: what happens before the first look is not lost.
    init(_ watch: Watch, _ notifier: Notifier, port: UInt32) throws(KernelError) {
        self.watch = watch
        self.notifier = notifier
        self.port = port
        signals = try SignalSource()
        events = try EventSocket()
        files = try FileWatcher()
        nextSignOfLife = notifier.signOfLife
        try events.leaveOut(requestsOf: port, daemonsOutside: nil)
    }

    func run() throws(KernelError) {
        followFiles()
        while true {
            showLife()
            switch watch.schedule.decision(at: watch.now()) {
            case .look: try look()
            case .wait(let time):
                let isOver = try wait(until: [time, nextSignOfLife].compactMap { $0 }.min())
                if isOver { return }
            }
        }
    }

    private func look() throws(KernelError) {
        // What is known by now is answered by this look.
        try takeEvents()
        takeFiles()
        watch.look(hear: hear)
        // A look at a hundred thousand routes is over; what it took is not kept for the next.
        malloc_trim(0)
        followFiles()
        let tables = watch.concern.tables
        if watch.hasLooked, tables != self.tables {
            try events.leaveOut(requestsOf: port, daemonsOutside: tables)
            self.tables = tables
        }
        if watch.hasLooked, !isReady {
            isReady = true
            notifier.ready()
        }
    }

    /// - Returns: whether a signal asks to end.
    private func wait(until time: Duration?) throws(KernelError) -> Bool {
        var polled = [signals.descriptor, events.descriptor, files.descriptor].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        guard poll(&polled, nfds_t(polled.count), milliseconds(until: time)) >= 0 else {
            if errno == EINTR { return false }
            throw KernelError("wait", Errno(rawValue: errno))
        }
        if polled[1].revents != 0 { try takeEvents() }
        if polled[2].revents != 0 { takeFiles() }
        while let signal = signals.next() {
            guard signal == SIGHUP else {
                notifier.stopping()
                watch.report.log.info("ending; the configuration stays in place")
                return true
            }
            notifier.reloading()
            watch.reload()
            try look()
            notifier.ready()
        }
        return false
    }

    /// Rounded up: what is waited for has come then.
    private func milliseconds(until time: Duration?) -> Int32 {
        guard let time else { return -1 }
        let (seconds, attoseconds) = max(.zero, time - watch.now()).components
        let rest = seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return Int32(clamping: rest)
    }

    private func takeEvents() throws(KernelError) {
        if try events.read(watch.notice) { watch.noticeLoss() }
    }

    private func hear() throws(SessionError) {
        do throws(KernelError) { try takeEvents() } catch { throw .inconsistent(error) }
    }

    private func takeFiles() {
        for topic in files.changes() {
            watch.notice(topic)
            if topic != .memory { interests = [] }
        }
    }

    /// What was read before it was followed may be another by now.
    private func followFiles() {
        let interests = watch.interests
        guard interests != self.interests else { return }
        do throws(KernelError) {
            let isNew = try files.follow(interests)
            self.interests = interests
            (nextAttempt, filePause) = (.zero, Patience.shortest)
            watch.report.tell(unfollowed: nil)
            if isNew { watch.notice(.configuration) }
        } catch {
            watch.report.tell(unfollowed: error)
            // A look that something else has brought about makes it no later.
            if nextAttempt <= watch.now() {
                nextAttempt = watch.now() + filePause
                filePause = min(filePause * 2, Patience.longest)
            }
            watch.schedule.look(at: nextAttempt)
        }
    }

    /// Only where somebody waits for it is there a timer.
    private func showLife() {
        guard let interval = notifier.signOfLife, let next = nextSignOfLife, next <= watch.now()
        else { return }
        notifier.alive()
        nextSignOfLife = watch.now() + interval
    }
}
