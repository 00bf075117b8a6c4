import CNL

extension RouteType: CustomStringConvertible {
    /// iproute2's word: `unicast`, `blackhole` …
    public var description: String {
        self == .unicast ? "unicast" : libnlName(rawValue, nl_rtntype2str)
    }
}

extension RouteScope: CustomStringConvertible {
    /// iproute2's word: `global`, `link` …; a number where there is none.
    public var description: String {
        switch self {
        case .global: "global"
        case .link: "link"
        case .host: "host"
        default: libnlName(rawValue, rtnl_scope2str)
        }
    }
}

extension RouteProtocol: CustomStringConvertible {
    /// iproute2's word: `kernel`, `static`, `dhcp` …; a number where there is none.
    public var description: String {
        switch rawValue {
        // libnl has none for what daemons mark.
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
        case 0...4: libnlName(rawValue, rtnl_route_proto2str)
        default: String(rawValue)
        }
    }
}

extension RuleAction: CustomStringConvertible {
    /// iproute2's word: `lookup`, `goto` …; a number where there is none.
    public var description: String {
        switch self {
        case .lookup: "lookup"
        case .goto: "goto"
        case .blackhole: "blackhole"
        case .unreachable: "unreachable"
        case .prohibit: "prohibit"
        default: rawValue == 3 ? "nop" : String(rawValue)
        }
    }
}

extension RouteTable {
    /// `main`, `default`, `local`, or the number.
    public static func name(_ table: UInt32) -> String {
        switch table {
        case Self.default: "default"
        case main: "main"
        case local: "local"
        default: String(table)
        }
    }
}

/// libnl's name of a number; the number where it has none and would write it in hexadecimal, which
/// iproute2 writes in decimal.
private func libnlName(
    _ value: UInt8,
    _ lookUp: (Int32, UnsafeMutablePointer<CChar>?, Int) -> UnsafeMutablePointer<CChar>?
) -> String {
    let name = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { text in
        lookUp(Int32(value), text.baseAddress, text.count).map { String(cString: $0) }
    }
    return name.flatMap { $0.hasPrefix("0x") ? nil : $0 } ?? String(value)
}
