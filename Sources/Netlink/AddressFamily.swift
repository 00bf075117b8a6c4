/// An internet address family. The raw value is `AF_INET` or `AF_INET6`.
public enum AddressFamily: UInt8, Hashable, Sendable, CaseIterable, Comparable {
    case ipv4 = 2
    case ipv6 = 10

    /// 32 or 128.
    public var bitWidth: UInt8 { self == .ipv4 ? 32 : 128 }

    /// iproute2's word: `inet` or `inet6`.
    public var iproute2Name: String { self == .ipv4 ? "inet" : "inet6" }

    public static func < (a: AddressFamily, b: AddressFamily) -> Bool { a.rawValue < b.rawValue }
}

extension AddressFamily: CustomStringConvertible {
    public var description: String { self == .ipv4 ? "IPv4" : "IPv6" }
}
