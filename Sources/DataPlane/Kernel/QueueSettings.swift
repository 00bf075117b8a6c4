public import Netlink
public import RPSTuner

/// The numbers of a link's channels, as read or as to be set.
public struct ChannelSetting: Hashable, Sendable {
    public var interface: InterfaceIndex
    /// The kinds that are meant; the others stay as they are.
    public var counts: ChannelCounts

    public init(interface: InterfaceIndex, _ counts: ChannelCounts) {
        self.interface = interface
        self.counts = counts
    }
}

/// What one file that steers a queue's packets says, or shall say.
public struct SteeringSetting: Hashable, Sendable {
    public var interface: InterfaceIndex
    public var file: QueueFile
    public var value: QueueValue
    /// The number of the file's interrupt, where it is one's and known.
    public var interrupt: Int?

    public init(
        interface: InterfaceIndex, _ file: QueueFile, _ value: QueueValue, interrupt: Int? = nil
    ) {
        self.interface = interface
        self.file = file
        self.value = value
        self.interrupt = interrupt
    }
}

/// The channels and queues of one link, as far as they were asked for.
public struct ObservedQueues: Hashable, Sendable {
    /// nil: its driver has none to set.
    public var channels: Channels?
    /// nil: /sys does not show this link, for it belongs to another network namespace.
    public var queues: InterfaceQueues?

    public init(channels: Channels? = nil, queues: InterfaceQueues?) {
        self.channels = channels
        self.queues = queues
    }
}

/// What a plan must know of a link's queues.
public struct QueueInterest: Hashable, Sendable {
    /// The files that are compared.
    public var aspects: InterfaceQueues.Aspects
    /// Where this wants other channels than there are, every file is read: the kernel takes queues
    /// away and makes others anew.
    public var policy = SteeringPolicy()
    /// The same, where no file wants any and these are to be given back.
    public var channels: ChannelCounts?

    public init(_ aspects: InterfaceQueues.Aspects) { self.aspects = aspects }

    /// Whether a plan would change the channels.
    func changesChannels(of device: SteeringDevice, on host: SteeringHost) -> Bool {
        if policy.channels != .unchanged {
            return SteeringPlan.changesChannels(policy, for: device, on: host)
        }
        guard let channels, let now = device.channels else { return false }
        return now.with(channels) != now
    }
}

extension SysctlName {
    /// The table in which RFS remembers where flows are consumed; the host's, not a namespace's.
    static let flowTable = SysctlName(components: ["net", "core", "rps_sock_flow_entries"])
}

extension SteeringDevice {
    init(_ link: Link, channels: Channels?, queues: InterfaceQueues) {
        self.init(
            name: link.name, channels: channels, queues: queues,
            hasFixedChannels: link.kind == "tun")
    }
}

extension ChannelCounts {
    /// `combined 4`, `rx 2 tx 2`: ethtool's words.
    var words: [Word] {
        [("rx", rx), ("tx", tx), ("combined", combined)].compactMap { key, count in
            count.map { .pair(key, "\($0)") }
        }
    }

    /// Reads what `words` says.
    init?(_ text: String) {
        self.init()
        let words = text.split(separator: " ")
        guard words.count.isMultiple(of: 2) else { return nil }
        for place in stride(from: 0, to: words.count, by: 2) {
            guard let count = UInt32(words[place + 1]) else { return nil }
            switch words[place] {
            case "rx": rx = count
            case "tx": tx = count
            case "combined": combined = count
            default: return nil
            }
        }
    }

    /// Those of another device's counts that are meant here.
    func same(of others: ChannelCounts) -> ChannelCounts {
        ChannelCounts(
            rx: rx == nil ? nil : others.rx, tx: tx == nil ? nil : others.tx,
            combined: combined == nil ? nil : others.combined)
    }
}

extension SteeringSetting {
    /// `rx-0 rps_cpus f`
    var words: [Word] {
        let parts = file.name.split(separator: " ", maxSplits: 1).map(String.init)
        return [.value("queue", parts[0]), .pair(parts.last ?? "", valueText)]
    }

    /// As the file takes it.
    package var valueText: String {
        guard case .interrupt = file, case .cpus(let cpus) = value else { return value.text }
        return cpus.listText
    }
}
