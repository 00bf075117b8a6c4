/// When `watch` looks at the kernel: time and events in, decisions out.
///
/// Events of one burst are answered by one look, and without events there is none. Times are what
/// has passed on a clock that nobody sets.
struct WatchSchedule: Sendable {
    enum Decision: Hashable, Sendable {
        case look
        /// nil: for as long as nothing happens.
        case wait(until: Duration?)
    }

    /// A burst is over when nothing has happened for so long,
    static let calm: Duration = .milliseconds(50)
    /// and is not waited out for longer than this.
    static let longest: Duration = .milliseconds(500)

    private var burst: (first: Duration, last: Duration)?
    private var appointment: Duration?
    /// After `teardown` the kernel's events are nobody's business.
    private(set) var isStandingBy = false

    /// The kernel tells of something.
    mutating func noticeKernel(at now: Duration) {
        if !isStandingBy { notice(at: now) }
    }

    /// A file that decides what is wanted has changed.
    mutating func noticeFile(at now: Duration) { notice(at: now) }

    private mutating func notice(at now: Duration) {
        burst = (burst?.first ?? now, now)
    }

    /// Looks then, unless there is reason to look before.
    mutating func look(at time: Duration) {
        appointment = min(appointment ?? time, time)
    }

    mutating func standBy() {
        isStandingBy = true
        (burst, appointment) = (nil, nil)
    }

    mutating func resume() { isStandingBy = false }

    /// Something has happened that no look has seen for certain.
    var hasNews: Bool { burst != nil }

    /// A look begins: it sees all that has happened so far.
    mutating func beginLook() { (burst, appointment) = (nil, nil) }

    func decision(at now: Duration) -> Decision {
        let calmed = burst.map { min($0.last + Self.calm, $0.first + Self.longest) }
        guard let time = [calmed, appointment].compactMap({ $0 }).min() else {
            return .wait(until: nil)
        }
        return time <= now ? .look : .wait(until: time)
    }
}
