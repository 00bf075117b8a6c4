public import Netlink
public import Plist

/// An entry of `Interfaces`, `Defaults` applied.
///
/// An optional is nil where no file gives the key and its default depends on the kernel or on
/// other interfaces; everything else holds the default of the specification.
public struct InterfaceConfig: Hashable, Sendable {
    /// Where the entry begins.
    public var location: SourceLocation
    /// Its place in `Interfaces`, from 0; the default table is 1000 + index.
    public var index: Int
    public var name: Located<String>?
    public var mac: Located<MACAddress>?
    public var isPrimary = false
    public var isManaged = true
    public var isRequired = false
    public var activationPolicy = ActivationPolicy.up
    public var addressing = Addressing.static
    public var addresses: [AddressConfig] = []
    /// One entry a family; `none` and `auto` are resolved from the defaults.
    public var gateways: [AddressFamily: GatewayConfig] = [:]
    public var gatewayOnLink = false
    public var table: Located<UInt32>?
    public var routeMetric: Located<RouteMetric>?
    /// 20001, or 19999 with `MainRoutes = ignore`, unless the file says otherwise.
    public var rulePriority = RulePriority.source
    public var ruleSource = Located<RuleSource>?.none
    public var mainRoutes = MainRoutes.prefer
    public var failClosed: Located<Bool>?
    public var routes: [RouteConfig] = []
    public var mtu: Located<UInt32>?
    /// `enabled` where the file gives it an IPv6 address, else `unchanged`, unless the file says otherwise.
    public var ipv6 = IPv6Setting.unchanged
    public var ipv6Location: SourceLocation?
    public var reversePathFilter: Located<ReversePathFilter>?
    public var arp = ARPSetting.auto
    public var arpLocation: SourceLocation?
    /// Names relative to the interface as the file gives them: `ipv4`, `accept_local`.
    public var sysctls: [InterfaceSysctlConfig] = []
    /// nil: its channels and the steering of its packets are left as they are.
    public var queues: QueuesConfig?

    public init(location: SourceLocation, index: Int) {
        self.location = location
        self.index = index
    }

    /// For messages: the name, else the MAC.
    public var label: String { name?.value ?? mac.map { "\($0.value)" } ?? "Interfaces[\(index)]" }
}

public enum ActivationPolicy: String, Sendable, CaseIterable { case up, down, manual }
public enum Addressing: String, Sendable, CaseIterable { case `static`, external }
public enum RuleSource: String, Sendable, CaseIterable { case auto, address, subnet }
public enum MainRoutes: String, Sendable, CaseIterable { case prefer, ignore }
public enum IPv6Setting: String, Sendable, CaseIterable { case enabled, disabled, unchanged }
public enum ARPSetting: String, Sendable, CaseIterable { case auto, strict, unchanged }

/// The raw value is the sysctl's.
public enum ReversePathFilter: UInt8, Sendable { case off = 0, strict = 1, loose = 2 }

public enum RouteMetric: Hashable, Sendable {
    /// No default route in main.
    case none
    case metric(UInt32)
}

/// An entry of `Addresses`.
public struct AddressConfig: Hashable, Sendable {
    public var address: IPAddress
    public var prefixLength: UInt8
    public var noDAD = false
    public var isFloating = false
    /// `Initially = released`: not held until a rebind says so.
    public var isInitiallyReleased = false
    public var location: SourceLocation

    public init(address: IPAddress, prefixLength: UInt8, location: SourceLocation) {
        self.address = address
        self.prefixLength = prefixLength
        self.location = location
    }

    public var subnet: IPPrefix { IPPrefix(address, length: prefixLength) }
}

/// `Gateway` for one family.
public struct GatewayConfig: Hashable, Sendable {
    public enum Choice: Hashable, Sendable {
        case none
        case auto
        case address(IPAddress)
    }

    public var choice: Choice
    /// The gateway's own place, or the interface's where the file says nothing.
    public var location: SourceLocation

    public init(_ choice: Choice, at location: SourceLocation) {
        self.choice = choice
        self.location = location
    }
}

/// An entry of `Routes`.
public struct RouteConfig: Hashable, Sendable {
    public struct Hop: Hashable, Sendable {
        public var gateway: IPAddress?
        /// Another interface's name; nil: this one.
        public var interface: Located<String>?
        /// 1–256.
        public var weight: UInt16

        public init(gateway: IPAddress?, interface: Located<String>? = nil, weight: UInt16 = 1) {
            self.gateway = gateway
            self.interface = interface
            self.weight = weight
        }
    }

    public var destination: IPPrefix
    public var gateway: IPAddress?
    public var gatewayOnLink = false
    public var metric: UInt32?
    public var preferredSource: IPAddress?
    /// nil: iproute2's choice, link without a gateway and global with one.
    public var scope: RouteScope?
    public var type = RouteType.unicast
    public var mtu: UInt32?
    /// nil: the interface's table. `main` is 254.
    public var table: UInt32?
    /// Empty unless the file gives `NextHops`.
    public var nextHops: [Hop] = []
    public var location: SourceLocation

    public init(destination: IPPrefix, location: SourceLocation) {
        self.destination = destination
        self.location = location
    }
}

/// A `Sysctl` entry below an interface.
public struct InterfaceSysctlConfig: Hashable, Sendable {
    /// `ipv4` or `ipv6`.
    public var family: String
    public var key: String
    public var value: String
    public var location: SourceLocation

    public init(family: String, key: String, value: String, location: SourceLocation) {
        self.family = family
        self.key = key
        self.value = value
        self.location = location
    }
}
