public import Netlink
public import RPSTuner

/// One complete, consistent look at the kernel: a namespace's links, addresses, routes and rules.
public struct KernelState: Hashable, Sendable {
    public var links: [Link]
    /// In the kernel's order, which for IPv4 tells primaries from secondaries.
    public var addresses: [InterfaceAddress]
    /// Every table but `local`.
    public var routes: [Route]
    /// In the order in which the kernel asks them.
    public var rules: [Rule]
    /// The values that were asked for; a name that does not exist has no entry.
    public var sysctls: [SysctlName: String]
    /// False on a kernel without IPv6 (`ipv6.disable=1`).
    public var hasIPv6: Bool
    /// The channels and queues of the links that were asked for.
    public var queues: [InterfaceIndex: ObservedQueues] = [:]
    /// The machine that packets are steered on; nil where no queues were asked for.
    public var steeringHost: SteeringHost?

    public init(
        links: [Link] = [], addresses: [InterfaceAddress] = [], routes: [Route] = [],
        rules: [Rule] = [], sysctls: [SysctlName: String] = [:], hasIPv6: Bool = true
    ) {
        self.links = links
        self.addresses = addresses
        self.routes = routes
        self.rules = rules
        self.sysctls = sysctls
        self.hasIPv6 = hasIPv6
    }
}
