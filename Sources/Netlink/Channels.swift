/// The queues of a NIC, as its driver counts them. Equivalent to `ethtool -l`.
///
/// A kind of channel that the device does not have is nil, which is not the same as 0.
public struct Channels: Hashable, Sendable {
    public struct Count: Hashable, Sendable {
        public var current: UInt32
        public var maximum: UInt32

        public init(_ current: UInt32, of maximum: UInt32) {
            self.current = current
            self.maximum = maximum
        }
    }

    public var rx: Count?
    public var tx: Count?
    /// A pair of a receive and a transmit queue each.
    public var combined: Count?
    public var other: Count?

    public init(
        rx: Count? = nil, tx: Count? = nil, combined: Count? = nil, other: Count? = nil
    ) {
        self.rx = rx
        self.tx = tx
        self.combined = combined
        self.other = other
    }

    /// What there is now.
    public var counts: ChannelCounts {
        ChannelCounts(rx: rx?.current, tx: tx?.current, combined: combined?.current)
    }

    /// The receive queues that they make. (A driver's numbers: any two may be too large to add.)
    package var receiveQueues: Int { Int(combined?.current ?? 0) + Int(rx?.current ?? 0) }

    /// The transmit queues that they make.
    package var transmitQueues: Int { Int(combined?.current ?? 0) + Int(tx?.current ?? 0) }

    /// With other counts, as far as the device has such channels.
    public func with(_ counts: ChannelCounts) -> Channels {
        var channels = self
        if let rx = counts.rx { channels.rx?.current = rx }
        if let tx = counts.tx { channels.tx?.current = tx }
        if let combined = counts.combined { channels.combined?.current = combined }
        return channels
    }
}

/// Numbers of channels to set; nil leaves a kind as it is. Equivalent to `ethtool -L`.
public struct ChannelCounts: Hashable, Sendable {
    public var rx: UInt32?
    public var tx: UInt32?
    public var combined: UInt32?

    public init(rx: UInt32? = nil, tx: UInt32? = nil, combined: UInt32? = nil) {
        self.rx = rx
        self.tx = tx
        self.combined = combined
    }
}
