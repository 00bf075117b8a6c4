import CNL

extension RouteType: CustomStringConvertible {
    /// iproute2's word: `unicast`, `blackhole` …
    public var description: String { libnlName(Int32(rawValue), nl_rtntype2str) ?? "\(rawValue)" }
}

extension RouteScope: CustomStringConvertible {
    /// iproute2's word: `global`, `link` …; a number where there is none.
    public var description: String { libnlName(Int32(rawValue), rtnl_scope2str) ?? "\(rawValue)" }
}

extension RouteProtocol: CustomStringConvertible {
    /// `kernel`, `boot`, `static`; a number where there is no name.
    public var description: String {
        libnlName(Int32(rawValue), rtnl_route_proto2str) ?? "\(rawValue)"
    }
}

/// libnl's name of a number; nil where it has none and would write the number in hexadecimal,
/// which iproute2 writes in decimal.
private func libnlName(
    _ value: Int32,
    _ lookUp: (Int32, UnsafeMutablePointer<CChar>?, Int) -> UnsafeMutablePointer<CChar>?
) -> String? {
    let name = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { text in
        lookUp(value, text.baseAddress, text.count).map { String(cString: $0) }
    }
    return name.flatMap { $0.hasPrefix("0x") ? nil : $0 }
}
