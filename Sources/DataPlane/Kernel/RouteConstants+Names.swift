package import Netlink

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
    /// iproute2's word; libnl has none for what daemons mark.
    package var name: String {
        switch rawValue {
        case 1: "redirect"
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
        default: description
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
