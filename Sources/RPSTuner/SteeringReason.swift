/// Why a queue's file shall say what it shall say.
public enum SteeringReason: Hashable, Sendable, CustomStringConvertible {
    /// The file says so, word for word.
    case asWritten(SteeringKey, String)
    /// `all`
    case all(CPUMask)
    /// A queue's share, from 0, of so many CPUs of a node.
    case share(CPUMask, Int, of: Int, cpus: Int, node: Int?)
    /// The same without the CPU that has the interrupt.
    indirect case withoutInterrupt(SteeringReason, Int)
    /// As many queues as CPUs, or more.
    case queuesForAll(Int, cpus: Int)
    /// The guide's mask, and what of it can be used here.
    case guide(CPUMask, usable: CPUMask)
    case firstOfShare(Int)
    case flowEntries(Int, queues: Int)

    /// For people: `CPUs 0-1: share 1 of 2 of the 4 CPUs of node 0`.
    public var description: String {
        switch self {
        case .asWritten(let key, let value): "\(key.rawValue) = \(value)"
        case .all(let cpus): "RPS = all: \(cpus.named)"
        case .share(let share, let queue, let count, let cpus, let node):
            "\(share.named): share \(queue + 1) of \(count) of the \(cpus) CPUs"
                + (node.map { " of node \($0)" } ?? "")
        case .withoutInterrupt(let reason, let cpu):
            "\(reason), without CPU \(cpu), which has the interrupt"
        case .queuesForAll(let queues, let cpus):
            "off: \(queues) \(queues == 1 ? "queue" : "queues") for \(cpus) "
                + "\(cpus == 1 ? "CPU" : "CPUs"), each already has its own"
        case .guide(let mask, let usable):
            "the guide's mask \(mask.maskText)"
                + (mask == usable ? "" : ", of which \(usable.maskText) is usable here")
        case .firstOfShare(let queue): "the first CPU of queue \(queue)'s share"
        case .flowEntries(let entries, let queues): "\(entries) entries for \(queues) queues"
        }
    }
}

extension CPUMask {
    /// `CPU 3`, `CPUs 0-1`
    var named: String { "\(count == 1 ? "CPU" : "CPUs") \(self)" }
}
