import Netlink
import Plist

/// An entry of `Interfaces` as one file says it: nil is what it does not say.
struct InterfaceDraft {
    var location: SourceLocation
    /// Keys that are there but could not be read wholly: what seems to be missing may not be.
    var uncertain: Set<InterfaceKey> = []

    var name: Located<String>?
    var mac: Located<MACAddress>?
    var isPrimary: Located<Bool>?
    var isManaged: Bool?
    var isRequired: Bool?
    var activationPolicy: ActivationPolicy?
    var addressing: Addressing?
    var addresses: [AddressConfig] = []
    /// The key is there: an empty array is none.
    var saysAddresses = false
    var gateways: [AddressFamily: GatewayConfig] = [:]
    var gatewayOnLink: Bool?
    var table: Located<UInt32>?
    var routeMetric: Located<RouteMetric>?
    var rulePriority: Located<UInt32>?
    var ruleSource: Located<RuleSource>?
    var mainRoutes: MainRoutes?
    var failClosed: Located<Bool>?
    var routes: [RouteDraft]?
    var mtu: Located<UInt32>?
    var ipv6: Located<IPv6Setting>?
    var reversePathFilter: Located<ReversePathFilter>?
    var arp: Located<ARPSetting>?
    var sysctls: [InterfaceSysctlConfig] = []
    var queues: QueuesConfig?

    init(location: SourceLocation) { self.location = location }

    /// For messages.
    var label: String {
        name.map { Diagnostic.quote($0.value) } ?? mac.map { "\($0.value)" } ?? "this interface"
    }

    var firstIPv6Address: IPAddress? {
        addresses.lazy.map(\.address).first { $0.family == .ipv6 }
    }
}

struct RouteDraft {
    var config: RouteConfig
    var gatewayLocation: SourceLocation?
    /// One a next hop.
    var hopLocations: [SourceLocation] = []
}

extension InterfaceDraft {
    /// What a drop-in says goes over what was said before.
    mutating func merge(_ later: InterfaceDraft) {
        var merged = later
        merged.fill(from: self)
        merged.location = location
        merged.uncertain.formUnion(uncertain)
        merged.addresses = addresses.replacing(with: later.addresses) { $0.address }
        merged.saysAddresses = saysAddresses || later.saysAddresses
        merged.gateways = gateways.merging(later.gateways) { _, later in later }
        if let routes { merged.routes = routes + (later.routes ?? []) }
        self = merged
    }

    /// What is not said is taken from `other`; `Sysctl` and `Queues` key by key.
    mutating func fill(from other: InterfaceDraft) {
        name = name ?? other.name
        mac = mac ?? other.mac
        isPrimary = isPrimary ?? other.isPrimary
        isManaged = isManaged ?? other.isManaged
        isRequired = isRequired ?? other.isRequired
        activationPolicy = activationPolicy ?? other.activationPolicy
        addressing = addressing ?? other.addressing
        gatewayOnLink = gatewayOnLink ?? other.gatewayOnLink
        table = table ?? other.table
        routeMetric = routeMetric ?? other.routeMetric
        rulePriority = rulePriority ?? other.rulePriority
        ruleSource = ruleSource ?? other.ruleSource
        mainRoutes = mainRoutes ?? other.mainRoutes
        failClosed = failClosed ?? other.failClosed
        mtu = mtu ?? other.mtu
        ipv6 = ipv6 ?? other.ipv6
        reversePathFilter = reversePathFilter ?? other.reversePathFilter
        arp = arp ?? other.arp
        queues.fill(from: other.queues)
        sysctls = other.sysctls.replacing(with: sysctls) { [$0.family, $0.key] }
    }

    /// `Defaults` are used last, where no file gives the key.
    mutating func apply(defaults: InterfaceDraft) {
        if !uncertain.contains(.routes) { routes = routes ?? defaults.routes }
        fill(from: defaults)
        uncertain.formUnion(defaults.uncertain)
    }
}
