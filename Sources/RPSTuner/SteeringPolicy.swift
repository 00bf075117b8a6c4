public import Netlink

/// What a file asks of an interface's queues: the `Queues` dictionary.
public struct SteeringPolicy: Hashable, Sendable {
    public enum Channels: Hashable, Sendable {
        /// As many as useful: the device's maximum, but not more than there are CPUs.
        case max
        case count(Int)
        case unchanged
    }

    public enum RPS: Hashable, Sendable {
        case auto, off, all, excludeIRQ, alibaba, unchanged
        case cpus(CPUMask)
    }

    public enum XPS: Hashable, Sendable {
        case auto, off, unchanged
        case cpus(CPUMask)
    }

    public enum RFS: Hashable, Sendable {
        /// Of the global flow table.
        case entries(Int)
        case off, unchanged
    }

    public enum IRQAffinity: Hashable, Sendable { case auto, unchanged }

    public var channels = Channels.unchanged
    /// Fewer channels than now are allowed.
    public var shrinksChannels = false
    public var rps = RPS.unchanged
    public var xps = XPS.unchanged
    public var rfs = RFS.unchanged
    public var irqAffinity = IRQAffinity.unchanged
    /// Limits everything below; nil: all eligible CPUs.
    public var cpus: CPUMask?

    public init() {}

    /// What must be read to know whether it is so.
    public var aspects: InterfaceQueues.Aspects {
        var aspects: InterfaceQueues.Aspects = []
        if rps != .unchanged { aspects.insert(.rps) }
        // Interrupts go by the number of transmit queues, too.
        if xps != .unchanged || irqAffinity != .unchanged { aspects.insert(.xps) }
        if rfs != .unchanged { aspects.insert(.rfs) }
        if irqAffinity != .unchanged || rps == .excludeIRQ { aspects.insert(.interrupts) }
        return aspects
    }
}

/// What a policy is for: one interface and its queues.
public struct SteeringDevice: Hashable, Sendable {
    /// For messages.
    public var name: String
    /// nil: its driver has no channels to set.
    public var channels: Channels?
    public var queues: InterfaceQueues
    /// Its channels can be read, not set (tun: the program that opened it decides).
    public var hasFixedChannels: Bool
    /// What its channels go back to where the policy leaves them as they are; nil: they stay.
    public var returningCounts: ChannelCounts?

    public init(
        name: String, channels: Channels?, queues: InterfaceQueues, hasFixedChannels: Bool = false
    ) {
        self.name = name
        self.channels = channels
        self.queues = queues
        self.hasFixedChannels = hasFixedChannels
    }
}

/// The machine that packets are steered on.
public struct SteeringHost: Hashable, Sendable {
    public var topology: CPUTopology
    /// irqbalance runs: interrupts are its own.
    public var hasIRQBalance: Bool
    /// The network namespace has the global flow table (`net.core.rps_sock_flow_entries`).
    public var hasFlowTable: Bool

    public init(topology: CPUTopology, hasIRQBalance: Bool = false, hasFlowTable: Bool = true) {
        self.topology = topology
        self.hasIRQBalance = hasIRQBalance
        self.hasFlowTable = hasFlowTable
    }
}
