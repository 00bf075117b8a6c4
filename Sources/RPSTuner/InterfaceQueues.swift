/// The queues of one interface, and how its packets are steered, as the kernel has it now.
public struct InterfaceQueues: Hashable, Sendable {
    /// A receive queue's files; nil where the kernel has no such file, or it was not asked for.
    public struct Receive: Hashable, Sendable {
        /// `rps_cpus`
        public var rps: CPUMask?
        /// `rps_flow_cnt`
        public var flows: Int?

        public init(rps: CPUMask? = nil, flows: Int? = nil) {
            self.rps = rps
            self.flows = flows
        }
    }

    /// A transmit queue's files.
    public struct Transmit: Hashable, Sendable {
        /// `xps_cpus`; nil also on a device with one transmit queue.
        public var xps: CPUMask?

        public init(xps: CPUMask? = nil) { self.xps = xps }
    }

    /// What there is to read; each costs an open file a queue, the node one an interface.
    public struct Aspects: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let rps = Aspects(rawValue: 1)
        public static let xps = Aspects(rawValue: 2)
        public static let rfs = Aspects(rawValue: 4)
        public static let interrupts = Aspects(rawValue: 8)
        public static let node = Aspects(rawValue: 16)
        public static let all: Aspects = [.rps, .xps, .rfs, .interrupts, .node]
    }

    /// `rx-0`, `rx-1` …
    public var receive: [Receive]
    /// `tx-0`, `tx-1` …
    public var transmit: [Transmit]
    /// In the order of their names' queues; empty for a device without, and unless asked for.
    public var interrupts: [QueueInterrupt]
    /// The NUMA node of the device; nil where it has none, or it was not asked for.
    public var node: Int?
    /// /sys, or /proc for the interrupts, is mounted read-only, as in most containers.
    public var isReadOnly: Bool

    public init(
        receive: [Receive] = [], transmit: [Transmit] = [], interrupts: [QueueInterrupt] = [],
        node: Int? = nil, isReadOnly: Bool = false
    ) {
        self.receive = receive
        self.transmit = transmit
        self.interrupts = interrupts
        self.node = node
        self.isReadOnly = isReadOnly
    }
}

/// A file that steers the packets of one queue.
public enum QueueFile: Hashable, Sendable {
    /// `rx-N/rps_cpus`
    case rps(Int)
    /// `rx-N/rps_flow_cnt`
    case flows(Int)
    /// `tx-N/xps_cpus`
    case xps(Int)
    /// `/proc/irq/…/smp_affinity_list` of the interrupt with this name.
    case interrupt(String)

    /// Below the interface's `queues`; nil for an interrupt's.
    public var path: String? {
        switch self {
        case .rps(let queue): "rx-\(queue)/rps_cpus"
        case .flows(let queue): "rx-\(queue)/rps_flow_cnt"
        case .xps(let queue): "tx-\(queue)/xps_cpus"
        case .interrupt: nil
        }
    }
}

/// What a file of a queue says.
public enum QueueValue: Hashable, Sendable {
    case cpus(CPUMask)
    /// Flows, 0 or a power of two.
    case count(Int)
}

extension InterfaceQueues {
    /// What a file says; nil where there is no such file.
    public subscript(file: QueueFile) -> QueueValue? {
        switch file {
        case .rps(let queue):
            receive.indices.contains(queue) ? receive[queue].rps.map { .cpus($0) } : nil
        case .flows(let queue):
            receive.indices.contains(queue) ? receive[queue].flows.map { .count($0) } : nil
        case .xps(let queue):
            transmit.indices.contains(queue) ? transmit[queue].xps.map { .cpus($0) } : nil
        case .interrupt(let name):
            interrupts.first { $0.name == name }?.affinity.map { .cpus($0) }
        }
    }

    /// Every file that there is, with what it says.
    public var values: [(file: QueueFile, value: QueueValue)] {
        let files =
            receive.indices.map { QueueFile.rps($0) } + receive.indices.map { QueueFile.flows($0) }
            + transmit.indices.map { QueueFile.xps($0) }
            + interrupts.map { QueueFile.interrupt($0.name) }
        return files.compactMap { file in self[file].map { (file, $0) } }
    }
}

extension QueueFile: Comparable {
    /// XPS and interrupts, RPS, RFS, each by queue.
    public static func < (a: QueueFile, b: QueueFile) -> Bool { a.sortKey < b.sortKey }

    private var sortKey: (Int, Int, String) {
        switch self {
        case .xps(let queue): (0, queue, "")
        case .interrupt(let name): (1, 0, name)
        case .rps(let queue): (2, queue, "")
        case .flows(let queue): (3, queue, "")
        }
    }
}
