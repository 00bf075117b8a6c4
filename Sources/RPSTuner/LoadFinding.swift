/// What a measurement means, and what would help.
public struct LoadFinding: Hashable, Sendable {
    /// One sentence.
    public var meaning: String
    /// One sentence; nil: nothing would, or there is no interface to say it of.
    public var advice: String?

    /// - Parameters:
    ///   - device: the interface whose packets they were, as it is steered now.
    ///   - host: its CPUs.
    ///   - cpus: those that the file leaves to it; nil: all eligible ones.
    ///   - flows: how many flows there may have been.
    public init(
        _ load: LoadMeasurement, of device: SteeringDevice?, on host: SteeringHost,
        cpus: CPUMask? = nil, flows: Int
    ) {
        guard load.isConclusive, let busiest = load.busiest else {
            meaning =
                "Inconclusive: \(load.packets) packets in \(load.seconds.text(1)) s; it takes "
                + "\(LoadMeasurement.leastPackets) to tell anything."
            return
        }
        meaning = Self.meaning(of: load, busiest, flows: flows)
        guard let device else { return }
        var policy = SteeringPolicy()
        policy.rps = .auto
        policy.cpus = cpus
        let auto = SteeringPlan(policy, for: device, on: host)
        advice = LoadAdvice(load, device, auto, isEven: load.isEven(flows: flows)).sentence
        if load.dropped > 0 {
            let limit =
                "\(load.dropped) packets found a full backlog: raise "
                + "net.core.netdev_max_backlog, and net.core.netdev_budget with it."
            advice = advice.map { "\($0) \(limit)" } ?? limit
        }
    }

    private static func meaning(
        of load: LoadMeasurement, _ busiest: LoadMeasurement.CPU, flows: Int
    ) -> String {
        let percent = (busiest.share * 100).text(0)
        if load.shareElsewhere > 0.5 {
            return "Elsewhere: CPU \(busiest.number) alone processed \(percent) % of the packets, "
                + "and \((load.shareElsewhere * 100).text(0)) % were processed on CPUs that should "
                + "not have any."
        }
        let count = load.meant.count
        guard count > 1, let effective = load.effectiveCPUs else {
            return "There is one CPU for packets, and it processed them."
        }
        if load.isOnOneCPU {
            return "Concentrated: CPU \(busiest.number) processed \(percent) % of the packets, "
                + "and \(count - 1) of \(count) CPUs hardly any."
        }
        return load.isEven(flows: flows)
            ? "Even: the work of \(effective.text(1)) of \(count) CPUs."
            : "Uneven: the work of \(effective.text(1)) of \(count) CPUs; "
                + "CPU \(busiest.number) processed \(percent) %."
    }
}

extension LoadMeasurement {
    /// As even as chance lets so many flows be, or nearly.
    func isEven(flows: Int) -> Bool {
        (jain ?? 0) >= 0.85 * reachableJain(flows: flows) && shareElsewhere <= 0.5
    }

    var isOnOneCPU: Bool { meant.count > 1 && (busiest?.share ?? 0) > 0.9 }
}

/// What `LoadFinding` says would help: the first that does.
private struct LoadAdvice {
    private let load: LoadMeasurement
    private let device: SteeringDevice
    private let isEven: Bool
    /// What `RPS = auto` makes of the device as it is.
    private let auto: SteeringPlan

    init(
        _ load: LoadMeasurement, _ device: SteeringDevice, _ auto: SteeringPlan, isEven: Bool
    ) {
        self.load = load
        self.device = device
        self.isEven = isEven
        self.auto = auto
    }

    var sentence: String? {
        guard auto.local.count > 1 else { return "One CPU: there is nothing to steer." }
        return isEven ? cost ?? moreQueues ?? fewerQueues : spread
    }

    private var name: String { device.name }
    private var queues: Int { device.queues.receive.count }
    private var cpus: Int { auto.local.count }
    /// The CPUs that RPS hands packets to now.
    private var steeredTo: CPUMask {
        device.queues.receive.reduce([]) { $0.union($1.rps ?? []) }
    }
    private var isAuto: Bool {
        auto.entries.allSatisfy { device.queues[$0.file] == $0.value }
    }
    private var autoMasks: String {
        let masks = auto.entries.prefix(4).map(\.value.text)
        return masks.joined(separator: " · ") + (auto.entries.count > 4 ? " · …" : "")
    }
    /// nil: its driver has no channels.
    private var mostChannels: Int? {
        device.channels.flatMap { channels in
            channels.kind.map { Int(channels.maximum(of: $0)) }
        }
    }
    private var idleQueues: [Int] {
        guard !load.interruptsOfQueue.isEmpty else { return [] }
        return (0..<queues).filter { load.interruptsOfQueue[$0] == 0 }
    }

    /// What makes it more even.
    private var spread: String? {
        if load.shareElsewhere > 0.5 { return isAuto ? interruptsElsewhere : steer }
        if load.isOnOneCPU, steeredTo.count > 1 {
            return "It is one flow, or very few: RPS gains nothing there, because a flow stays on "
                + "one CPU, and it can drop packets at net.core.netdev_max_backlog."
        }
        if queues > 1, idleQueues.count == queues - 1 {
            return "One of \(queues) queues of \(name) had all the packets: they are one flow, or "
                + "the device's RSS table uses no other queue (ethtool -x \(name))."
        }
        if !isAuto { return steer }
        if !idleQueues.isEmpty {
            let list = idleQueues.prefix(8).map(String.init).joined(separator: ", ")
            let word = idleQueues.count == 1 ? "queue" : "queues"
            return "No packet came through \(word) \(list) of \(name): there are few flows, or "
                + "entries of the device's RSS table are unused (ethtool -x \(name))."
        }
        return moreQueues
            ?? "There are few flows, or some are much larger than others: each stays on one CPU, "
            + "and no steering splits it."
    }

    private var steer: String {
        queues >= cpus
            ? "\(name) has a queue for each CPU: RPS = auto leaves RPS off."
            : "RPS = auto would spread \(queues == 1 ? "its one queue" : "its \(queues) queues") "
                + "over \(cpus) CPUs (\(autoMasks))" + (moreQueues.map { ". \($0)" } ?? ".")
    }

    private var interruptsElsewhere: String {
        "The interrupts of \(name) go to CPUs that packets should not; IRQAffinity = auto "
            + "brings them back."
    }

    /// What makes it cheaper.
    private var cost: String? {
        guard !isAuto, load.ipis > 0 else { return nil }
        let price = "\(load.ipisPerPacket.text(3)) interrupts between CPUs a packet"
        return queues >= cpus
            ? "\(name) has a queue for each CPU, so RPS only costs, \(price): RPS = auto turns "
                + "it off."
            : "RPS = auto would give each queue CPUs of its own (\(autoMasks)) and need fewer "
                + "than \(price)."
    }

    private var moreQueues: String? {
        guard queues < cpus, let most = mostChannels else { return nil }
        if most > queues {
            return "\(name) can have \(most) queues: Channels = max spreads packets in the device, "
                + "without interrupts between CPUs."
        }
        return most == 1
            ? "\(name) has one queue at most: ask the cloud for more vNIC queues (a larger or newer "
                + "instance type); RPS is the second best."
            : nil
    }

    private var fewerQueues: String? {
        guard queues > cpus else { return nil }
        return "\(name) has \(queues) queues for \(cpus) CPUs: Channels = max with "
            + "ShrinkChannels = YES leaves one for each."
    }
}

extension Double {
    /// With so many decimals, 0 to 6.
    package func text(_ decimals: Int) -> String {
        let factor = (0..<decimals).reduce(1) { factor, _ in factor * 10 }
        guard isFinite, let scaled = Int(exactly: (magnitude * Double(factor)).rounded()) else {
            return "\(self)"
        }
        let (whole, fraction) = scaled.quotientAndRemainder(dividingBy: factor)
        let sign = self < 0 && scaled > 0 ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(whole)" }
        return "\(sign)\(whole).\(String(factor + fraction).dropFirst())"
    }
}
