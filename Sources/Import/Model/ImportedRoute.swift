import Netlink

/// A route as they write it, interfaces by name.
struct ImportedRoute {
    struct Hop: Hashable {
        var gateway: IPAddress?
        var device: String?
        var weight: UInt16 = 1
        var isOnLink = false
    }

    var destination: IPPrefix
    var type = RouteType.unicast
    var table = RouteTable.main
    /// nil: nobody says.
    var metric: UInt32?
    var source: IPAddress?
    var scope: RouteScope?
    var mtu: UInt32?
    /// One, or several for a multipath route; none for a reject type.
    var hops: [Hop] = []
    /// The interface in whose file it stands, and through which it leaves.
    var interface: Int?
    /// `interface` is certain, whatever the gateway's subnet.
    var isBound = false
    var origin: Origin
    /// Takes theirs away, where the kernel holds it.
    var removal: String?

    init(destination: IPPrefix, origin: Origin) {
        self.destination = destination
        self.origin = origin
    }

    var family: AddressFamily { destination.family }
    var gateway: IPAddress? { hops.count == 1 ? hops[0].gateway : nil }
    var isOnLink: Bool { !hops.isEmpty && hops.allSatisfy(\.isOnLink) }
    /// IPv6 reads 0 as 1024.
    var effectiveMetric: UInt32 {
        family == .ipv6 && (metric ?? 0) == 0 ? 1024 : metric ?? 0
    }
    /// A default route that an interface's `Gateway` says.
    var isPlainDefault: Bool {
        destination.isDefault && type == .unicast && gateway != nil
    }
}

/// A rule as they write it.
struct ImportedRule {
    /// Its priority is 0 where nobody says.
    var rule: Rule
    var hasPriority = true
    /// Selectors that the file has no key for.
    var foreignWords: [String] = []
    var origin: Origin
    /// Takes theirs away; nil where it is ours.
    var removal: String?

    /// Whether it asks for nothing but a source.
    var isSourceRule: Bool {
        rule.source != nil && rule.destination == nil && rule.firewallMark == nil
            && rule.outgoingInterface == nil && !rule.isInverted && rule.action == .lookup
            && (rule.incomingInterface == nil || rule.incomingInterface == "lo")
            && rule.suppressPrefixLength == nil && rule.suppressInterfaceGroup == nil
            && rule.typeOfService == 0 && foreignWords.isEmpty
    }
}
