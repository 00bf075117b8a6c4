/// How received packets were spread over CPUs between two samples.
public struct LoadMeasurement: Sendable {
    /// Fewer packets tell nothing.
    public static let leastPackets: UInt64 = 1000

    public struct CPU: Hashable, Sendable {
        public var number: Int
        public var counters: SoftnetCounters
        /// Rounds of the NET_RX softirq.
        public var rounds: UInt32
        /// Interrupts of the interface's queues that it took.
        public var interrupts: UInt64
        /// Packets may be steered to it: it counts in `jain`.
        public var isMeant: Bool
        /// Its part of all packets, 0 to 1.
        public var share: Double
    }

    /// In ascending order; those that were online both times.
    public private(set) var cpus: [CPU] = []
    /// CPUs that came or went in between: what they did is not known.
    public private(set) var changedCPUs: CPUMask = []
    public private(set) var seconds: Double
    /// Packets that the interface received; nil without one.
    public private(set) var received: UInt64?
    /// Interrupts of the interface's receive queues, by queue.
    public private(set) var interruptsOfQueue: [Int: UInt64] = [:]

    /// - Parameters:
    ///   - meant: the CPUs that packets may be steered to.
    ///   - interrupts: those of the interface.
    public init(
        from earlier: LoadSample, to later: LoadSample, meant: CPUMask, interface: String? = nil,
        interrupts: [QueueInterrupt] = []
    ) {
        let span = earlier.time.duration(to: later.time).components
        seconds = Double(span.seconds) + Double(span.attoseconds) / 1e18
        received = interface.flatMap { later.received[$0] }.map {
            $0 &- (interface.flatMap { earlier.received[$0] } ?? $0)
        }
        var interruptsOfCPU: [Int: UInt64] = [:]
        for interrupt in interrupts where interrupt.direction != .transmit {
            for (cpu, count) in later.interrupts.counts(of: interrupt, since: earlier.interrupts) {
                interruptsOfCPU[cpu, default: 0] += count
                interruptsOfQueue[interrupt.queue, default: 0] += count
            }
        }
        for number in Set(earlier.softnet.keys).union(later.softnet.keys).sorted() {
            guard let before = earlier.softnet[number], let after = later.softnet[number] else {
                changedCPUs.insert(number)
                continue
            }
            let rounds = (later.rounds[number] ?? 0) &- (earlier.rounds[number] ?? 0)
            cpus.append(
                CPU(
                    number: number, counters: after &- before, rounds: rounds,
                    interrupts: interruptsOfCPU[number] ?? 0, isMeant: meant.contains(number),
                    share: 0))
        }
        let total = Double(max(1, packets))
        for index in cpus.indices {
            cpus[index].share = Double(cpus[index].counters.processed) / total
        }
    }

    public var packets: UInt64 { sum(\.processed) }
    /// What RPS cost.
    public var ipis: UInt64 { sum(\.ipis) }
    public var dropped: UInt64 { sum(\.dropped) }
    public var squeezed: UInt64 { sum(\.squeezed) }
    public var ipisPerPacket: Double { Double(ipis) / Double(max(1, packets)) }

    public var isConclusive: Bool { packets >= Self.leastPackets }

    /// The CPUs that packets may be steered to.
    public var meant: [CPU] { cpus.filter(\.isMeant) }
    /// The part of the packets that other CPUs processed, 0 to 1.
    public var shareElsewhere: Double { cpus.reduce(0) { $0 + ($1.isMeant ? 0 : $1.share) } }

    /// Jain's index over the CPUs that packets may be steered to, (Σp)²/(nΣp²): 1 where all do the
    /// same, 1/n where one does it all; nil where they did nothing.
    public var jain: Double? {
        let shares = meant.map(\.share)
        let (sum, squares) = shares.reduce((0, 0)) { ($0.0 + $1, $0.1 + $1 * $1) }
        return squares > 0 ? sum * sum / (Double(shares.count) * squares) : nil
    }

    /// How many CPUs, equally busy, would be as uneven as these: n·J.
    public var effectiveCPUs: Double? { jain.map { $0 * Double(meant.count) } }

    /// The busiest CPU's packets over the mean.
    public var maximumOverMean: Double? {
        let shares = meant.map(\.share)
        let sum = shares.reduce(0, +)
        return sum > 0 ? shares.reduce(0, max) * Double(shares.count) / sum : nil
    }

    /// About what `flows` flows of one rate can reach where each lands on a CPU by chance:
    /// F/(F + n - 1).
    public func reachableJain(flows: Int) -> Double {
        Double(flows) / Double(flows + max(1, meant.count) - 1)
    }

    /// The CPU that processed most.
    public var busiest: CPU? { cpus.max { $0.share < $1.share } }

    private func sum(_ counter: KeyPath<SoftnetCounters, UInt32>) -> UInt64 {
        cpus.reduce(0) { $0 + UInt64($1.counters[keyPath: counter]) }
    }
}

extension InterruptTable {
    /// How often an interrupt came since an earlier reading, per CPU that has a column in both.
    fileprivate func counts(
        of interrupt: QueueInterrupt, since earlier: InterruptTable
    ) -> [(cpu: Int, count: UInt64)] {
        let before = earlier.countsByCPU(of: interrupt)
        return countsByCPU(of: interrupt).compactMap { cpu, count in
            // 32 bits in the kernel.
            before[cpu].map { (cpu, UInt64(UInt32(truncatingIfNeeded: count &- $0))) }
        }
    }

    private func countsByCPU(of interrupt: QueueInterrupt) -> [Int: UInt64] {
        let line = lines.first { $0.number == interrupt.number && $0.name == interrupt.name }
        return Dictionary(zip(cpus, line?.counts ?? [])) { first, _ in first }
    }
}
