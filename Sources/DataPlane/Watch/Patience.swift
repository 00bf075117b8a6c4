import Netlink

/// Whom `watch` does not fight: somebody who undoes again and again what it does, and a kernel
/// that refuses it.
struct Patience: Sendable {
    /// So many repairs of one object
    static let limit = 5
    /// within this time are a dispute.
    static let window: Duration = .seconds(60)
    static let shortest: Duration = .seconds(1)
    static let longest: Duration = .seconds(60)

    /// One object that had to be repaired lately.
    fileprivate struct History {
        var repairs: [Duration] = []
        var pause: Duration?
        var until: Duration = .zero
    }

    private var histories: [KernelObject.Identity: History] = [:]
    private var refusal: (plan: Int, pause: Duration, until: Duration, earliest: Duration)?

    /// The configuration is another one: what was in dispute may not be wanted any more.
    mutating func forget() { self = Patience() }

    /// The kernel took a plan, or there was none to make.
    mutating func succeeded() { refusal = nil }

    /// What somebody keeps undoing, and for how long from now on it is left alone.
    struct Dispute {
        var changes: [Change]
        var pause: Duration
    }

    /// - Returns: nil where no dispute begins or goes on.
    mutating func repaired(_ changes: [Change], at now: Duration) -> Dispute? {
        histories = histories.filter { now < max($0.value.until, $0.value.last) + Self.window }
        var dispute = Dispute(changes: [], pause: .zero)
        for change in changes.lasting {
            let pause = histories[change.object.identity, default: History()].repaired(at: now)
            guard let pause else { continue }
            dispute.changes.append(change)
            dispute.pause = max(dispute.pause, pause)
        }
        return dispute.changes.isEmpty ? nil : dispute
    }

    /// - Returns: when the same plan may be tried again.
    mutating func refused(_ changes: [Change], at now: Duration) -> Duration {
        let pause = Self.next(after: refusal?.pause)
        refusal = (Self.key(changes), pause, now + pause, now + Self.shortest)
        return now + pause
    }

    /// The kernel gave no answer to judge.
    mutating func failed(at now: Duration) -> Duration { refused([], at: now) }

    /// When the plan may be carried out after a refusal, if not now.
    func delay(of changes: [Change], at now: Duration) -> Duration? {
        guard let refusal else { return nil }
        let time = refusal.plan == Self.key(changes) ? refusal.until : refusal.earliest
        return now < time ? time : nil
    }

    /// What the plan is put off for: nil where it holds anything but what is left alone.
    func dispute(over changes: [Change], at now: Duration) -> Dispute? {
        let lasting = changes.lasting
        let end = lasting.map { histories[$0.object.identity]?.until ?? .zero }.min()
        return end.flatMap { now < $0 ? Dispute(changes: lasting, pause: $0 - now) : nil }
    }

    private static func key(_ changes: [Change]) -> Int { changes.map(\.action).hashValue }

    fileprivate static func next(after pause: Duration?) -> Duration {
        pause.map { min($0 * 2, longest) } ?? shortest
    }
}

extension Patience.History {
    fileprivate var last: Duration { repairs.last ?? .zero }

    /// - Returns: the pause, where it is one repair too many.
    fileprivate mutating func repaired(at now: Duration) -> Duration? {
        // Along with something else, before its time.
        if now < until { return nil }
        repairs.removeAll { $0 + Patience.window <= now }
        repairs.append(now)
        guard pause != nil || repairs.count >= Patience.limit else { return nil }
        let next = Patience.next(after: pause)
        (pause, until) = (next, now + next)
        return next
    }
}
