/// The keys of one kind of dictionary; the raw value is what the file says.
protocol ConfigKey: RawRepresentable<String>, CaseIterable, Hashable, Sendable {}

enum TopLevelKey: String, ConfigKey {
    case version = "Version"
    case interfaces = "Interfaces"
    case defaults = "Defaults"
    case rules = "Rules"
    case sysctl = "Sysctl"
    case `protocol` = "Protocol"
    case linkGroup = "LinkGroup"
    case discovery = "Discovery"

    /// What a drop-in may not say.
    var isOnlyInMainFile: Bool { self == .protocol || self == .linkGroup || self == .discovery }

    /// What a discovered file, which is not trusted, may say.
    var canBeDiscovered: Bool { self == .version || self == .interfaces }
}

enum InterfaceKey: String, ConfigKey {
    case name = "Name"
    case macAddress = "MACAddress"
    case primary = "Primary"
    case managed = "Managed"
    case required = "Required"
    case activationPolicy = "ActivationPolicy"
    case addressing = "Addressing"
    case addresses = "Addresses"
    case gateway = "Gateway"
    case gatewayOnLink = "GatewayOnLink"
    case table = "Table"
    case routeMetric = "RouteMetric"
    case rulePriority = "RulePriority"
    case ruleSource = "RuleSource"
    case mainRoutes = "MainRoutes"
    case failClosed = "FailClosed"
    case routes = "Routes"
    case mtu = "MTU"
    case ipv6 = "IPv6"
    case reversePathFilter = "ReversePathFilter"
    case arp = "ARP"
    case sysctl = "Sysctl"
    case queues = "Queues"

    /// What is read from a discovered file: nothing that sets a sysctl or adds a rule.
    var canBeDiscovered: Bool {
        switch self {
        case .name, .macAddress, .primary, .addressing, .addresses, .gateway, .gatewayOnLink,
            .table:
            true
        default: false
        }
    }

    /// What is one interface's own.
    var isNeverDefault: Bool {
        switch self {
        case .name, .macAddress, .primary, .addresses, .gateway, .table, .rulePriority: true
        default: false
        }
    }
}

enum AddressKey: String, ConfigKey {
    case address = "Address"
    case noDAD = "NoDAD"
    case floating = "Floating"
    case initially = "Initially"
}

enum RouteKey: String, ConfigKey {
    case destination = "Destination"
    case gateway = "Gateway"
    case gatewayOnLink = "GatewayOnLink"
    case metric = "Metric"
    case preferredSource = "PreferredSource"
    case scope = "Scope"
    case type = "Type"
    case mtu = "MTU"
    case table = "Table"
    case nextHops = "NextHops"
}

enum NextHopKey: String, ConfigKey {
    case gateway = "Gateway"
    case interface = "Interface"
    case weight = "Weight"
}

enum RuleKey: String, ConfigKey {
    case priority = "Priority"
    case family = "Family"
    case from = "From"
    case to = "To"
    case firewallMark = "FirewallMark"
    case firewallMask = "FirewallMask"
    case incomingInterface = "IncomingInterface"
    case outgoingInterface = "OutgoingInterface"
    case table = "Table"
    case suppressPrefixLength = "SuppressPrefixLength"
    case suppressInterfaceGroup = "SuppressInterfaceGroup"
    case type = "Type"
    case invertRule = "InvertRule"
}

enum QueuesKey: String, ConfigKey {
    case channels = "Channels"
    case shrinkChannels = "ShrinkChannels"
    case rps = "RPS"
    case xps = "XPS"
    case rfs = "RFS"
    case irqAffinity = "IRQAffinity"
    case cpus = "CPUs"
}

enum DiscoveryKey: String, ConfigKey {
    case file = "File"
}
