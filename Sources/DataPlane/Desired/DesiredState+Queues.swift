public import Netlink
import Plist
import RPSTuner

extension Config {
    /// The links whose channels and queues a plan must know; empty where no file has `Queues` and
    /// nothing is remembered.
    public func queuesToObserve(
        _ links: [Link], memory: Memory
    ) -> [InterfaceIndex: QueueInterest] {
        var interests = memory.queuesToObserve
        for interface in interfaces
        where interface.isManaged && interface.activationPolicy != .down {
            guard let policy = interface.queues?.policy else { continue }
            for link in links where interface.means(link) {
                interests[link.index, default: QueueInterest([])].policy = policy
                interests[link.index]?.aspects.formUnion(policy.aspects)
            }
        }
        return interests
    }
}

extension Memory {
    /// The links whose channels or queues we changed and may have to give back.
    var queuesToObserve: [InterfaceIndex: QueueInterest] {
        var interests: [InterfaceIndex: QueueInterest] = [:]
        for (identity, setting) in settings {
            switch (identity, setting.first) {
            case (.channels(let interface), .channels(let first)):
                interests[interface, default: QueueInterest([])].channels = first.counts
            case (.steering(let interface, let file), _):
                interests[interface, default: QueueInterest([])].aspects.insert(file.aspect)
            default: break
            }
        }
        return interests
    }
}

extension Memory {
    /// What the channels go back to, if nobody has changed them since.
    func firstCounts(of interface: InterfaceIndex, _ now: Channels?) -> ChannelCounts? {
        guard let now, let remembered = settings[.channels(interface)],
            case .channels(let first) = remembered.first,
            case .channels(let ours) = remembered.ours,
            ours.counts.same(of: now.counts) == ours.counts
        else { return nil }
        return first.counts
    }
}

extension QueueFile {
    fileprivate var aspect: InterfaceQueues.Aspects {
        switch self {
        case .rps: .rps
        case .flows: .rfs
        case .xps: .xps
        case .interrupt: .interrupts
        }
    }
}

extension DesiredState {
    /// Channels, and what steers the packets of each queue.
    mutating func wantQueues(kernel: KernelState, memory: Memory) {
        guard var host = kernel.steeringHost else { return }
        host.hasFlowTable = kernel.sysctls[.flowTable] != nil
        var flowTable: (entries: Int, origin: SourceLocation)?
        for (interface, link, _) in interfaces
        where interface.isManaged && interface.activationPolicy != .down {
            guard let link, let config = interface.queues,
                let observed = kernel.queues[link.index]
            else { continue }
            guard let queues = observed.queues else {
                conflict(
                    config.location, link.isNotShownBySysFS, of: [link.index], leaving: .queues)
                continue
            }
            var device = SteeringDevice(link, channels: observed.channels, queues: queues)
            device.returningCounts = memory.firstCounts(of: link.index, observed.channels)
            let plan = SteeringPlan(config.policy, for: device, on: host)
            steering[link.index] = plan
            report(plan.problems, of: link, config)
            want(plan, for: device, of: link.index, config)
            if let entries = plan.flowEntries, entries > flowTable?.entries ?? 0 {
                flowTable = (entries, config.location(of: .rfs))
            }
        }
        guard let flowTable else { return }
        // The kernel rounds up to a power of two.
        let entries = 1 << (Int.bitWidth - (flowTable.entries - 1).leadingZeroBitCount)
        want(
            .sysctl(SysctlSetting(name: .flowTable, value: "\(entries)")), from: flowTable.origin)
    }

    private mutating func want(
        _ plan: SteeringPlan, for device: SteeringDevice, of interface: InterfaceIndex,
        _ config: QueuesConfig
    ) {
        if config.policy.channels != .unchanged, let counts = plan.channels ?? device.setCounts {
            want(
                .channels(ChannelSetting(interface: interface, counts)),
                from: config.location(of: .channels), of: interface)
        }
        let numbers = Dictionary(
            device.queues.interrupts.map { (QueueFile.interrupt($0.name), $0.number) },
            uniquingKeysWith: { first, _ in first })
        var key: SteeringKey?
        var origin: SourceLocation?
        for entry in plan.entries {
            if entry.key != key { (key, origin) = (entry.key, config.location(of: entry.key)) }
            let setting = SteeringSetting(
                interface: interface, entry.file, entry.value,
                interrupt: numbers.isEmpty ? nil : numbers[entry.file])
            want(.steering(setting), from: origin, of: interface)
        }
    }

    private mutating func report(
        _ problems: [SteeringProblem], of link: Link, _ config: QueuesConfig
    ) {
        for problem in problems {
            let message = problem.message(of: link.name)
            switch problem.severity {
            case .error:
                conflict(
                    config.location(of: problem.key), message, of: [link.index], leaving: .queues)
            case .warning: warn(config.location(of: problem.key), message)
            case .note: break
            }
        }
    }
}

extension Link {
    /// Why its queues can neither be read nor written here.
    var isNotShownBySysFS: String {
        "/sys/class/net/\(name) is not the \(name) of this network namespace (ifindex \(index)): "
            + "/sys belongs to another one, and mounting its own needs CAP_SYS_ADMIN; "
            + "ip netns exec mounts one"
    }
}
