internal import CNL

extension Route {
    /// `low`, `medium` or `high`: how an IPv6 router advertised it (`RTA_PREF`); nil for IPv4.
    public var preference: String? {
        guard family == .ipv6 else { return nil }
        let attribute = otherAttributes.first { $0.type == UInt16(RTA_PREF.rawValue) }
        // RFC 4191, 2.1: two bits, and an absent one is medium.
        return switch attribute?.payload.first {
        case 1: "high"
        case 3: "low"
        default: "medium"
        }
    }
}
