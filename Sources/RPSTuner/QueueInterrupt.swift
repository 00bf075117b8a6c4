/// An interrupt of one queue, or of one pair of queues.
public struct QueueInterrupt: Hashable, Sendable {
    public enum Direction: Hashable, Sendable { case receive, transmit, both }

    /// Its number in /proc/interrupts.
    public var number: Int
    /// `virtio1-input.3`, `eth0-TxRx-3`
    public var name: String
    public var direction: Direction
    /// The queue, from 0.
    public var queue: Int
    /// The CPUs that may handle it (`smp_affinity_list`); nil where that cannot be read.
    public var affinity: CPUMask?
    /// The CPU that does (`effective_affinity_list`); nil where the kernel does not tell.
    public var effective: CPUMask?

    public init(
        number: Int, name: String, direction: Direction, queue: Int, affinity: CPUMask? = nil,
        effective: CPUMask? = nil
    ) {
        self.number = number
        self.name = name
        self.direction = direction
        self.queue = queue
        self.affinity = affinity
        self.effective = effective
    }

    /// The queue and direction that a driver's name tells; nil where it tells none.
    ///
    /// `virtio1-input.3`, `eth0-TxRx-3`, `eth0-Tx-Rx-3`, `i40e-eth0-rx-3`, `mlx5_comp3@pci:…`,
    /// `mana_q3@pci:…`, `eth0-fp-3`
    static func parse(_ name: some StringProtocol) -> (direction: Direction, queue: Int)? {
        let own = name.prefix { $0 != "@" }
        let digits = own.reversed().prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, let queue = Int(String(digits.reversed())) else { return nil }
        let stem = own.dropLast(digits.count).lowercased()
        for (ending, direction) in endings where stem.hasSuffix(ending) {
            return (direction, queue)
        }
        return nil
    }

    /// The longer ones first.
    private static let endings: [(String, Direction)] = [
        ("-input.", .receive), ("-output.", .transmit), ("txrx-", .both), ("rxtx-", .both),
        ("tx-rx-", .both), ("rx-tx-", .both), ("-rx-", .receive), ("-tx-", .transmit),
        ("mlx5_comp", .both), ("mana_q", .both), ("-fp-", .both), ("-q", .both),
    ]
}

/// /proc/interrupts, line by line.
public struct InterruptTable: Sendable {
    public struct Line: Sendable {
        public var number: Int
        /// What the driver calls it; one that several share has the last one's name.
        public var name: String
        /// How often it came, one for each of the table's CPUs.
        public var counts: [UInt64]
    }

    /// The CPUs of the columns.
    public private(set) var cpus: [Int] = []
    /// The numbered lines; those of the processor itself (NMI, LOC …) are left out.
    public private(set) var lines: [Line] = []

    public init(_ sysfs: SysFS = SysFS()) {
        self.init(text: KernelFile.readTable(sysfs.proc + "/interrupts") ?? "")
    }

    init(text: String) {
        var rows = text.utf8.split(separator: UInt8(ascii: "\n"))[...]
        guard let header = rows.popFirst() else { return }
        cpus = header.split(separator: UInt8(ascii: " ")).compactMap {
            Int(Substring($0.dropFirst("CPU".utf8.count)))
        }
        for row in rows {
            let words = row.split(separator: UInt8(ascii: " "))
            guard let first = words.first, first.last == UInt8(ascii: ":"),
                let number = Int(Substring(first.dropLast())), words.count > cpus.count + 1,
                let name = words.last
            else { continue }
            lines.append(
                Line(
                    number: number, name: String(Substring(name)),
                    counts: words.dropFirst().prefix(cpus.count).map { UInt64(Substring($0)) ?? 0 })
            )
        }
    }
}
