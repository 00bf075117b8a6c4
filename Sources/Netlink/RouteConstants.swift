/// What a route does with a packet. The corresponding C constants are `RTN_*`.
public struct RouteType: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let unicast = RouteType(rawValue: 1)
    public static let local = RouteType(rawValue: 2)
    public static let broadcast = RouteType(rawValue: 3)
    public static let anycast = RouteType(rawValue: 4)
    public static let multicast = RouteType(rawValue: 5)
    public static let blackhole = RouteType(rawValue: 6)
    public static let unreachable = RouteType(rawValue: 7)
    public static let prohibit = RouteType(rawValue: 8)
    public static let `throw` = RouteType(rawValue: 9)
}

/// How far a destination or an address is. The corresponding C constants are `RT_SCOPE_*`.
public struct RouteScope: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let global = RouteScope(rawValue: 0)
    public static let link = RouteScope(rawValue: 253)
    public static let host = RouteScope(rawValue: 254)
}

/// Who made a route or a rule. The corresponding C constants are `RTPROT_*`.
public struct RouteProtocol: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let unspecified = RouteProtocol(rawValue: 0)
    public static let kernel = RouteProtocol(rawValue: 2)
    public static let boot = RouteProtocol(rawValue: 3)
    public static let `static` = RouteProtocol(rawValue: 4)

    /// The kernel's own, by an address, an ICMP redirect or a router's advertisement: 1, 2, 9.
    public var isOfKernel: Bool { [1, 2, 9].contains(rawValue) }

    /// A routing daemon's: 11–15, 42, 186–192.
    public var isRoutingDaemon: Bool {
        (11...15).contains(rawValue) || rawValue == 42 || (186...192).contains(rawValue)
    }
}

/// A route table's number. The corresponding C constants are `RT_TABLE_*`.
public enum RouteTable {
    public static let `default`: UInt32 = 253
    public static let main: UInt32 = 254
    public static let local: UInt32 = 255
}
