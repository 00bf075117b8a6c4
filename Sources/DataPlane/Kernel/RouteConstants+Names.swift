package import Netlink

// iproute2 reads these from /etc/iproute2, where a host may rename them. Names are for people, so
// only those that every host shares are used: a plan reads the same everywhere.

extension RouteTable {
    /// `main`, `default`, `local`, or the number.
    package static func name(_ table: UInt32) -> String {
        switch table {
        case Self.default: "default"
        case main: "main"
        case local: "local"
        default: "\(table)"
        }
    }
}

extension RouteProtocol {
    /// `kernel`, `dhcp`, …, or the number.
    package var name: String {
        switch rawValue {
        case 0: "unspec"
        case 1: "redirect"
        case 2: "kernel"
        case 3: "boot"
        case 4: "static"
        case 9: "ra"
        case 11: "zebra"
        case 12: "bird"
        case 16: "dhcp"
        case 18: "keepalived"
        case 42: "babel"
        case 186: "bgp"
        case 187: "isis"
        case 188: "ospf"
        case 189: "rip"
        case 192: "eigrp"
        default: "\(rawValue)"
        }
    }
}

extension RouteScope {
    package var name: String {
        switch self {
        case .global: "global"
        case .site: "site"
        case .link: "link"
        case .host: "host"
        default: "\(rawValue)"
        }
    }
}

extension RouteType {
    package var name: String {
        switch self {
        case .unicast: "unicast"
        case .local: "local"
        case .broadcast: "broadcast"
        case .anycast: "anycast"
        case .multicast: "multicast"
        case .blackhole: "blackhole"
        case .unreachable: "unreachable"
        case .prohibit: "prohibit"
        case .throw: "throw"
        default: "\(rawValue)"
        }
    }
}

extension RuleAction {
    package var name: String {
        switch self {
        case .lookup: "lookup"
        case .goto: "goto"
        case .blackhole: "blackhole"
        case .unreachable: "unreachable"
        case .prohibit: "prohibit"
        default: rawValue == 3 ? "nop" : "\(rawValue)"
        }
    }
}
