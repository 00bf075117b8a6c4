/// What the CPUs have done with packets since boot, at one moment.
public struct LoadSample: Sendable {
    /// One for each CPU that was online.
    var softnet: [Int: SoftnetCounters]
    /// Rounds of the NET_RX softirq per CPU.
    var rounds: [Int: UInt32]
    var interrupts: InterruptTable
    /// Received packets per interface of this network namespace.
    var received: [String: UInt64]
    var time: ContinuousClock.Instant

    init(
        softnet: [Int: SoftnetCounters], rounds: [Int: UInt32] = [:],
        interrupts: InterruptTable = InterruptTable(text: ""), received: [String: UInt64] = [:],
        time: ContinuousClock.Instant = .now
    ) {
        self.softnet = softnet
        self.rounds = rounds
        self.interrupts = interrupts
        self.received = received
        self.time = time
    }

    /// Reads softnet_stat, softirqs, interrupts and net/dev below /proc.
    ///
    /// The counters of CPUs are the whole host's, whatever the network namespace; those of
    /// interfaces are the namespace's. A file that is not there is empty.
    public init(_ sysfs: SysFS = SysFS()) {
        func table(_ name: String) -> String { KernelFile.readTable("\(sysfs.proc)/\(name)") ?? "" }
        let online = sysfs.list(sysfs.cpus + "/online")
        self.init(
            softnet: SoftnetCounters.table(table("net/softnet_stat"), online: online),
            rounds: LoadTable.receiveRounds(table("softirqs")),
            interrupts: InterruptTable(sysfs),
            received: LoadTable.receivedPackets(table("net/dev")))
    }

    /// The interface that has received most since an earlier sample, the loopback apart; nil: none
    /// has received anything.
    public func busiestInterface(since earlier: LoadSample) -> String? {
        received.filter { $0.key != "lo" }
            .map { (name: $0.key, count: $0.value &- (earlier.received[$0.key] ?? $0.value)) }
            .filter { $0.count > 0 }
            .max { ($0.count, $1.name) < ($1.count, $0.name) }?.name
    }
}
