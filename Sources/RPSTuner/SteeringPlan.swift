public import Netlink

/// What a policy makes of an interface on a machine: channels, and a value with its reason for
/// each queue's files. A pure function of what it is given.
public struct SteeringPlan: Hashable, Sendable {
    /// What a file shall say, and why.
    public struct Entry: Hashable, Sendable {
        public var file: QueueFile
        public var value: QueueValue
        public var key: SteeringKey
        public var cause: SteeringReason

        /// For people: `CPUs 0-1: share 1 of 2 of the 4 CPUs of node 0`.
        public var reason: String { cause.description }
    }

    /// The CPUs that the policy may use.
    public internal(set) var eligible: CPUMask = []
    /// Those of the device's node, by node, cache, core and thread; all of them where that leaves
    /// none.
    public internal(set) var local: [Int] = []
    /// The channels to set; nil: they are as they shall be.
    public internal(set) var channels: ChannelCounts?
    /// The queues that there will be.
    public internal(set) var receiveCount = 0
    public internal(set) var transmitCount = 0
    /// In the order in which they are written: XPS and interrupts, RPS, RFS.
    public internal(set) var entries: [Entry] = []
    /// What the global flow table must at least hold; nil: it does not matter.
    public internal(set) var flowEntries: Int?
    /// Those of one key come after those of the keys before it.
    public internal(set) var problems: [SteeringProblem] = []

    public init(_ policy: SteeringPolicy, for device: SteeringDevice, on host: SteeringHost) {
        self.init(channelsBy: policy, for: device, on: host)
        let topology = host.topology
        planTransmit(policy, device, topology)
        planInterrupts(policy, device, host)
        planReceive(policy, device, topology)
        planFlows(policy, device, host)
        guard device.queues.isReadOnly, let key = entries.first?.key else { return }
        if channels != nil || entries.contains(where: { device.queues[$0.file] != $0.value }) {
            report(.readOnly, key)
        }
    }

    /// Whether the policy sets other channels than there are.
    public static func changesChannels(
        _ policy: SteeringPolicy, for device: SteeringDevice, on host: SteeringHost
    ) -> Bool {
        Self(channelsBy: policy, for: device, on: host).channels != nil
    }

    /// The CPUs and the channels alone.
    private init(
        channelsBy policy: SteeringPolicy, for device: SteeringDevice, on host: SteeringHost
    ) {
        let topology = host.topology
        eligible = topology.eligible
        if let cpus = policy.cpus {
            eligible.formIntersection(check(cpus, .cpus, topology, dropsReserved: true))
        }
        let near = device.queues.node.flatMap { topology.nodes[$0] }.map(eligible.intersection)
        local = topology.inOrder(near.flatMap { $0.isEmpty ? nil : $0 } ?? eligible)
        if local.isEmpty, policy.usesEligibleCPUs {
            report(.noEligibleCPU, policy.cpus == nil ? .rps : .cpus)
        }
        planChannels(policy, device)
    }

    public var errors: [SteeringProblem] { problems.filter { $0.severity == .error } }

    /// The CPUs of each of `count` queues: consecutive slices, the first ones one CPU longer where
    /// they are not equal; one CPU each, and again from the first, where there are fewer CPUs.
    ///
    /// With all CPUs of a machine this is what virtio_net does (virtnet_set_affinity).
    static func groups(of cpus: [Int], for count: Int) -> [[Int]] {
        guard !cpus.isEmpty, count > 0 else { return Array(repeating: [], count: max(0, count)) }
        guard count <= cpus.count else { return (0..<count).map { [cpus[$0 % cpus.count]] } }
        let (size, longer) = cpus.count.quotientAndRemainder(dividingBy: count)
        var start = 0
        return (0..<count).map { queue in
            let end = start + size + (queue < longer ? 1 : 0)
            defer { start = end }
            return Array(cpus[start..<end])
        }
    }

    mutating func report(
        _ kind: SteeringProblem.Kind, _ key: SteeringKey,
        _ severity: SteeringProblem.Severity = .error
    ) {
        let problem = SteeringProblem(kind: kind, key: key, severity: severity)
        if !problems.contains(problem) { problems.append(problem) }
    }

    /// The CPUs of a list of the file that can be used, after a report about the others.
    mutating func check(
        _ cpus: CPUMask, _ key: SteeringKey, _ topology: CPUTopology, dropsReserved: Bool
    ) -> CPUMask {
        let beyond = cpus.subtracting(topology.possible)
        if !beyond.isEmpty {
            report(.cpusBeyondMachine(beyond, possible: topology.possible), key)
            return cpus.intersection(topology.online)
        }
        let offline = cpus.subtracting(topology.online)
        if !offline.isEmpty { report(.cpusOffline(offline), key, .warning) }
        guard dropsReserved else { return cpus.intersection(topology.online) }
        let reserved = cpus.intersection(topology.online).intersection(topology.reserved)
        if !reserved.isEmpty { report(.cpusReserved(reserved), key, .warning) }
        return cpus.intersection(topology.eligible)
    }

    mutating func append(
        _ file: QueueFile, _ value: QueueValue, _ key: SteeringKey, _ cause: SteeringReason
    ) {
        entries.append(Entry(file: file, value: value, key: key, cause: cause))
    }
}

extension SteeringPolicy {
    /// Whether something that it asks for needs a CPU to steer to.
    fileprivate var usesEligibleCPUs: Bool {
        let usesRPS =
            switch rps {
            case .auto, .all, .excludeIRQ, .alibaba, .cpus: true
            case .off, .unchanged: false
            }
        return usesRPS || xps == .auto || irqAffinity == .auto || cpus != nil
            || channels == .max
    }
}
