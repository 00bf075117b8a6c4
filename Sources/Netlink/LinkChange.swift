import CNL

/// A change of one setting of a link, as a request.
enum LinkChange {
    case mtu(UInt32)
    case group(UInt32)
    case up(Bool)

    /// Writes an `RTM_SETLINK` request for `interface`.
    func write(_ interface: InterfaceIndex, to writer: inout MessageWriter) {
        var header = ifinfomsg()
        header.ifi_index = interface
        if case .up(let up) = self {
            // The mask holds the bit that is meant: all others stay as they are.
            header.ifi_change = UInt32(IFF_UP)
            header.ifi_flags = up ? header.ifi_change : 0
        }
        writer.begin(type: RTM_SETLINK, flags: 0, header)
        switch self {
        case .mtu(let mtu): writer.put(IFLA_MTU, mtu)
        case .group(let group): writer.put(IFLA_GROUP, group)
        case .up: break
        }
    }
}
