/// The kernel's number of an interface in its namespace, from 1.
public typealias InterfaceIndex = Int32

/// A network interface as the kernel describes it. Equivalent to a block of `ip -d link show`.
public struct Link: Hashable, Sendable {
    public var index: InterfaceIndex
    public var name: String
    /// `altname`s, in the kernel's order.
    public var alternativeNames: [String]
    /// The hardware address of an Ethernet device; nil for others (tunnels, lo).
    public var mac: MACAddress?
    /// What the device was built with (`IFLA_PERM_ADDRESS`); nil where it has none (veth).
    public var permanentMAC: MACAddress?
    public var mtu: UInt32
    /// What the driver accepts; nil where the kernel does not tell (before 5.0) or there is no bound.
    public var minimumMTU: UInt32?
    public var maximumMTU: UInt32?
    /// `group`, 0 is `default`.
    public var group: UInt32
    /// The `IFF_*` flags.
    public var flags: UInt32
    /// The bond, bridge, VRF or VF's synthetic device that it is a port of.
    public var master: InterfaceIndex?
    /// `IFLA_INFO_KIND`: `veth`, `bridge`, `wireguard` …; nil for a physical device.
    public var kind: String?
    /// The `ARPHRD_*` hardware type; 1 is Ethernet.
    public var hardwareType: UInt16

    public init(
        index: InterfaceIndex, name: String, alternativeNames: [String] = [],
        mac: MACAddress? = nil, permanentMAC: MACAddress? = nil, mtu: UInt32 = 1500,
        minimumMTU: UInt32? = nil, maximumMTU: UInt32? = nil, group: UInt32 = 0,
        flags: UInt32 = 0, master: InterfaceIndex? = nil, kind: String? = nil,
        hardwareType: UInt16 = 1
    ) {
        self.index = index
        self.name = name
        self.alternativeNames = alternativeNames
        self.mac = mac
        self.permanentMAC = permanentMAC
        self.mtu = mtu
        self.minimumMTU = minimumMTU
        self.maximumMTU = maximumMTU
        self.group = group
        self.flags = flags
        self.master = master
        self.kind = kind
        self.hardwareType = hardwareType
    }

    /// Admin state: `IFF_UP`.
    public var isUp: Bool { flags & 0x1 != 0 }
    /// Up, and its carrier is there: `IFF_RUNNING`.
    public var isRunning: Bool { isUp && flags & 0x40 != 0 }
    /// Whether it has got its carrier and the kernel has told nobody yet (`IFF_LOWER_UP`, neither
    /// `IFF_RUNNING` nor `IFF_DORMANT`): a thread of its own does, up to a second later
    /// (net/core/link_watch.c, Linux 6.18).
    public var isBecomingRunning: Bool { isUp && flags & 0x3_0040 == 0x1_0000 }
    /// `IFF_LOOPBACK`.
    public var isLoopback: Bool { flags & 0x8 != 0 }
    /// What tells the device apart for good: the permanent MAC, or the current one without it.
    public var identifyingMAC: MACAddress? { permanentMAC ?? mac }
}
