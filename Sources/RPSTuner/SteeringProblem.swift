/// The keys of `Queues`.
public enum SteeringKey: String, Hashable, Sendable, CaseIterable {
    case channels = "Channels"
    case shrinkChannels = "ShrinkChannels"
    case rps = "RPS"
    case xps = "XPS"
    case rfs = "RFS"
    case irqAffinity = "IRQAffinity"
    case cpus = "CPUs"
}

/// What stands between a policy and an interface, as far as it can be foreseen.
public struct SteeringProblem: Hashable, Sendable {
    public enum Severity: Hashable, Sendable {
        /// The kernel would refuse it, or it would do nothing.
        case error
        /// It is done, and not as far as its author may believe.
        case warning
        /// Worth knowing when one asks.
        case note
    }

    public enum Kind: Hashable, Sendable {
        case cpusBeyondMachine(CPUMask, possible: CPUMask)
        case cpusOffline(CPUMask)
        case cpusReserved(CPUMask)
        case noEligibleCPU
        case noChannels
        case fixedChannels(UInt32)
        case tooManyChannels(Int, maximum: UInt32)
        case fewerChannels(Int, now: UInt32)
        /// `max` finds more channels than useful ones, and may not take any away.
        case moreChannelsThanUseful(now: UInt32, useful: UInt32)
        case noRPS
        case noXPS
        case oneTransmitQueue
        case noRFS
        case noFlowTable
        case noInterrupts
        case irqbalance
        case readOnly
        /// What `auto` would do instead of the guide's mask.
        case guide(String)
    }

    public var kind: Kind
    public var key: SteeringKey
    public var severity: Severity

    /// - Parameter interface: its name.
    public func message(of interface: String) -> String {
        switch kind {
        case .cpusBeyondMachine(let cpus, let possible):
            "\(cpus.named) of '\(key.rawValue)' is beyond this machine, "
                + "which has \(possible.named)"
        case .cpusOffline(let cpus):
            "\(cpus.named) of '\(key.rawValue)' is offline and is left out"
        case .cpusReserved(let cpus):
            "\(cpus.named) of '\(key.rawValue)' is isolated (isolcpus, nohz_full or a cgroup) "
                + "and is left out; the kernel steers nothing there"
        case .noEligibleCPU:
            "'\(key.rawValue)' leaves no CPU of this machine that packets may be steered to"
        case .noChannels:
            "\(interface) has no channels that could be set"
        case .fixedChannels(let now):
            "the \(now == 1 ? "channel" : "\(now) channels") of \(interface) "
                + "\(now == 1 ? "is" : "are") decided by the program that opened it"
        case .tooManyChannels(let wanted, let maximum):
            "\(interface) has at most \(maximum) \(maximum == 1 ? "channel" : "channels"), "
                + "not \(wanted); write max"
        case .fewerChannels(let wanted, let now):
            "\(interface) has \(now) channels now, and \(wanted) would be fewer; if that is meant: "
                + "ShrinkChannels = YES"
        case .moreChannelsThanUseful(let now, let useful):
            "\(interface) has \(now) channels, of which \(useful) are useful; "
                + "ShrinkChannels = YES takes the others away"
        case .noRPS: "this kernel has no RPS for \(interface) (CONFIG_RPS)"
        case .noXPS: "this kernel has no XPS for \(interface) (CONFIG_XPS)"
        case .oneTransmitQueue:
            "\(interface) has one transmit queue: there is nothing for XPS to choose"
        case .noRFS: "this kernel has no RFS for \(interface) (CONFIG_RPS)"
        case .noFlowTable:
            "RFS needs net.core.rps_sock_flow_entries, which only the initial network namespace has"
        case .noInterrupts: "\(interface) has no interrupts of its own queues"
        case .irqbalance:
            "irqbalance runs and moves the interrupts of \(interface) itself; "
                + "IRQAffinity = auto is skipped"
        case .readOnly:
            "/sys or /proc is mounted read-only here (a container?): "
                + "the queues of \(interface) cannot be steered"
        case .guide(let text): text
        }
    }
}
