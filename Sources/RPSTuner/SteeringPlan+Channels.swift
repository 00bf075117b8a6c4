public import Netlink

extension SteeringPlan {
    /// The channels to set, and the queues that there are then.
    mutating func planChannels(_ policy: SteeringPolicy, _ device: SteeringDevice) {
        receiveCount = device.queues.receive.count
        transmitCount = device.queues.transmit.count
        guard policy.channels != .unchanged else {
            if let counts = device.returningCounts { set(counts, device.channels) }
            return
        }
        guard let now = device.channels, let kind = now.kind else {
            return report(.noChannels, .channels)
        }
        guard let counts = counts(policy, now, kind) else { return }
        // Equal counts are never set: a driver may take its carrier down for nothing.
        guard counts != kind.counts(of: now) else { return }
        if device.hasFixedChannels {
            return report(.fixedChannels(now.largest(of: kind)), .channels)
        }
        set(counts, now)
    }

    private mutating func set(_ counts: ChannelCounts, _ now: Channels?) {
        guard let then = now?.with(counts), then != now else { return }
        channels = counts
        receiveCount = then.receiveQueues
        transmitCount = then.transmitQueues
    }

    private mutating func counts(
        _ policy: SteeringPolicy, _ now: Channels, _ kind: Channels.Kind
    ) -> ChannelCounts? {
        let maximum = now.maximum(of: kind)
        let current = now.largest(of: kind)
        let wanted: UInt32
        switch policy.channels {
        case .unchanged: return nil
        case .max:
            let useful = min(maximum, UInt32(max(1, local.count)))
            if useful < current, !policy.shrinksChannels {
                report(
                    .moreChannelsThanUseful(now: current, useful: useful), .channels, .note)
                return nil
            }
            wanted = useful
        case .count(let count):
            guard count <= Int(maximum) else {
                report(.tooManyChannels(count, maximum: maximum), .channels)
                return nil
            }
            wanted = UInt32(max(1, count))
            if wanted < current, !policy.shrinksChannels {
                report(.fewerChannels(count, now: current), .channels)
                return nil
            }
        }
        switch kind {
        case .combined: return ChannelCounts(combined: wanted)
        case .separate:
            return ChannelCounts(
                rx: now.rx.map { min(wanted, $0.maximum) },
                tx: now.tx.map { min(wanted, $0.maximum) })
        }
    }
}

extension Channels {
    /// Which of its channels a device uses for queues.
    enum Kind {
        case combined, separate

        /// The counts of this kind alone.
        func counts(of channels: Channels) -> ChannelCounts {
            switch self {
            case .combined: ChannelCounts(combined: channels.combined?.current)
            case .separate: ChannelCounts(rx: channels.rx?.current, tx: channels.tx?.current)
            }
        }
    }

    /// Pairs where the device has them, unless it has been set to separate queues; nil: neither.
    var kind: Kind? {
        let isSeparate = (rx?.current ?? 0) > 0 && (combined?.current ?? 0) == 0
        if combined != nil && !isSeparate { return .combined }
        return rx == nil && tx == nil ? nil : .separate
    }

    func maximum(of kind: Kind) -> UInt32 {
        switch kind {
        case .combined: combined?.maximum ?? 0
        case .separate: max(rx?.maximum ?? 0, tx?.maximum ?? 0)
        }
    }

    func largest(of kind: Kind) -> UInt32 {
        switch kind {
        case .combined: combined?.current ?? 0
        case .separate: max(rx?.current ?? 0, tx?.current ?? 0)
        }
    }
}

extension SteeringDevice {
    /// The counts that a policy sets, as they are now; nil for a device without.
    public var setCounts: ChannelCounts? {
        channels.flatMap { channels in channels.kind?.counts(of: channels) }
    }
}
