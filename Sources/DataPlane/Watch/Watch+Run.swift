import Glibc
public import Logging
import Netlink

extension Watch {
    /// Keeps the namespace of this process until SIGTERM or SIGINT.
    ///
    /// - Parameters:
    ///   - port: the port id of the session's socket, whose requests are no news.
    ///   - path: the main file, for a namespace in which nothing was applied since boot.
    ///   - explain: why a transaction failed, in words; nil where it did not.
    /// - Throws: what forbids to begin: as `apply`, or that another `watch` is there.
    public static func run(
        _ session: Session, port: UInt32, path: String, log: Logger,
        explain: @escaping (Outcome) -> String?
    ) throws(WatchFailure) {
        let start = ContinuousClock.now
        let notifier = Notifier { name in getenv(name).map { String(cString: $0) } }
        let lock: Lock?
        do throws(FileError) {
            lock = try session.watchLock()
        } catch { throw .session(.file(error)) }
        guard let lock else { throw .alreadyWatched }
        defer { withExtendedLifetime(lock) {} }
        let watch = Watch(
            session, path: path, log: log, notifier: notifier, explain: explain,
            now: { start.duration(to: .now) })
        let loop: WatchLoop
        do throws(KernelError) {
            loop = try WatchLoop(watch, notifier, port: port)
        } catch { throw .kernel(error) }
        try watch.begin()
        defer { watch.report.end() }
        do throws(KernelError) { try loop.run() } catch { throw .kernel(error) }
    }
}
