/// An address on an interface. Equivalent to a line of `ip -d address show`.
public struct InterfaceAddress: Hashable, Sendable {
    /// `0xffffffff`: a lifetime without end.
    public static let forever: UInt32 = .max

    public var address: IPAddress
    public var prefixLength: UInt8
    public var interface: InterfaceIndex
    /// The other end of a point-to-point address; nil where it is the address itself.
    public var peer: IPAddress?
    public var broadcast: IPAddress?
    /// IPv4 only; nil where it is the interface's name.
    public var label: AddressLabel?
    /// `RT_SCOPE_*`.
    public var scope: RouteScope
    /// The `IFA_F_*` flags, 32 bits wide.
    public var flags: AddressFlags
    /// Who made it (`IFA_PROTO`, Linux 5.18); 0 where nobody says.
    public var `protocol`: UInt8
    /// The metric of its connected route (`IFA_RT_PRIORITY`); 0 is the kernel's default.
    public var metric: UInt32
    /// Seconds, or `forever`.
    public var preferredLifetime: UInt32
    /// Seconds, or `forever`.
    public var validLifetime: UInt32

    public init(
        interface: InterfaceIndex, address: IPAddress, prefixLength: UInt8,
        peer: IPAddress? = nil, broadcast: IPAddress? = nil, label: AddressLabel? = nil,
        scope: RouteScope = .global, flags: AddressFlags = [], protocol: UInt8 = 0,
        metric: UInt32 = 0, preferredLifetime: UInt32 = InterfaceAddress.forever,
        validLifetime: UInt32 = InterfaceAddress.forever
    ) {
        self.interface = interface
        self.address = address
        self.prefixLength = prefixLength
        self.peer = peer
        self.broadcast = broadcast
        self.label = label
        self.scope = scope
        self.flags = flags
        self.protocol = `protocol`
        self.metric = metric
        self.preferredLifetime = preferredLifetime
        self.validLifetime = validLifetime
    }

    public var family: AddressFamily { address.family }
    /// The subnet that the address opens: of the peer where there is one.
    public var subnet: IPPrefix { IPPrefix(peer ?? address, length: prefixLength) }
}

/// The corresponding C constants are `IFA_F_*`.
public struct AddressFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// `IFA_F_SECONDARY` (IPv4), `IFA_F_TEMPORARY` (IPv6).
    public static let secondary = AddressFlags(rawValue: 0x01)
    public static let noDAD = AddressFlags(rawValue: 0x02)
    public static let dadFailed = AddressFlags(rawValue: 0x08)
    /// `IFA_F_HOMEADDRESS`
    public static let home = AddressFlags(rawValue: 0x10)
    public static let deprecated = AddressFlags(rawValue: 0x20)
    public static let tentative = AddressFlags(rawValue: 0x40)
    public static let permanent = AddressFlags(rawValue: 0x80)
    /// `IFA_F_MANAGETEMPADDR`
    public static let managesTemporary = AddressFlags(rawValue: 0x100)
    public static let noPrefixRoute = AddressFlags(rawValue: 0x200)
}
