/// A route of any table. Equivalent to a line of `ip -d route show table all`.
public struct Route: Hashable, Sendable {
    public var destination: IPPrefix
    public var typeOfService: UInt8
    public var table: UInt32
    public var type: RouteType
    /// IPv4 only; the kernel has no scopes in IPv6 and dumps `global`.
    public var scope: RouteScope
    public var `protocol`: RouteProtocol
    /// `RTA_PRIORITY`. IPv6 reads 0 as 1024; see `effectiveMetric`.
    public var metric: UInt32
    public var preferredSource: IPAddress?
    /// None for a reject type, one for a plain route, several for a multipath one.
    public var nextHops: [NextHop]
    /// `RTAX_MTU`.
    public var mtu: UInt32?
    /// `RTM_F_*` and `RTNH_F_*` of the message itself, without what `nextHops` holds.
    public var flags: UInt32
    /// What is not modelled (other metrics, encapsulation, preference), kept as dumped.
    public var otherAttributes: [RawAttribute]
    /// IPv6 only; nil: for ever.
    public var lifetime: RemainingLifetime?

    public init(
        destination: IPPrefix, table: UInt32 = RouteTable.main, type: RouteType = .unicast,
        scope: RouteScope = .global, protocol: RouteProtocol = .unspecified, metric: UInt32 = 0,
        preferredSource: IPAddress? = nil, nextHops: [NextHop] = [], mtu: UInt32? = nil,
        typeOfService: UInt8 = 0, flags: UInt32 = 0, otherAttributes: [RawAttribute] = [],
        lifetime: RemainingLifetime? = nil
    ) {
        self.destination = destination
        self.table = table
        self.type = type
        self.scope = scope
        self.protocol = `protocol`
        self.metric = metric
        self.preferredSource = preferredSource
        self.nextHops = nextHops
        self.mtu = mtu
        self.typeOfService = typeOfService
        self.flags = flags
        self.otherAttributes = otherAttributes
        self.lifetime = lifetime
    }

    public var family: AddressFamily { destination.family }
    /// The metric that the kernel compares: IPv6 reads 0 as 1024 (`IP6_RT_PRIO_USER`).
    public var effectiveMetric: UInt32 { family == .ipv6 && metric == 0 ? 1024 : metric }
    /// unreachable, blackhole, prohibit or throw: no way out.
    public var isReject: Bool {
        (RouteType.blackhole.rawValue...RouteType.throw.rawValue).contains(type.rawValue)
    }
}

/// How long a route lives on (`RTA_EXPIRES`). A countdown, no part of what a route is: a route
/// that is looked at twice is one and the same, and so are all values.
public struct RemainingLifetime: Hashable, Sendable {
    public var seconds: UInt32

    public init(seconds: UInt32) { self.seconds = seconds }

    public static func == (a: RemainingLifetime, b: RemainingLifetime) -> Bool { true }
    public func hash(into hasher: inout Hasher) {}
}

/// One way out of a route.
public struct NextHop: Hashable, Sendable {
    public var interface: InterfaceIndex?
    /// nil: the destination itself is on the link. May be IPv6 on an IPv4 route (`RTA_VIA`).
    public var gateway: IPAddress?
    /// 1–256, as iproute2 counts it (`rtnh_hops` + 1).
    public var weight: UInt16
    /// `RTNH_F_ONLINK`: the gateway is on this link although no subnet says so.
    public var isOnLink: Bool
    /// `RTNH_F_DEAD` or `RTNH_F_LINKDOWN`: the kernel passes over it; state, not configuration.
    public var isDead: Bool
    /// Encapsulation and the like of a multipath hop, kept as dumped.
    public var otherAttributes: [RawAttribute]

    public init(
        interface: InterfaceIndex?, gateway: IPAddress? = nil, weight: UInt16 = 1,
        isOnLink: Bool = false, isDead: Bool = false, otherAttributes: [RawAttribute] = []
    ) {
        self.interface = interface
        self.gateway = gateway
        self.weight = weight
        self.isOnLink = isOnLink
        self.isDead = isDead
        self.otherAttributes = otherAttributes
    }
}
