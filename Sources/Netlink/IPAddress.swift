/// An IPv4 or IPv6 address.
public struct IPAddress: Hashable, Sendable {
    /// The halves of `bits`: a `UInt128` would have all that holds an address aligned to 16 bytes,
    /// for which every allocation takes twice as long.
    private var high: UInt64
    private(set) var low: UInt64
    // Last, so that what follows an address in memory has its place behind the family's byte.
    public var family: AddressFamily

    public init(family: AddressFamily, bits: UInt128) {
        self.family = family
        high = UInt64(truncatingIfNeeded: bits >> 64)
        low = UInt64(truncatingIfNeeded: bits)
    }

    /// The address as a number in host order; an IPv4 address uses the lower 32 bits.
    public var bits: UInt128 { UInt128(high) << 64 | UInt128(low) }

    /// The unspecified address, `0.0.0.0` or `::`.
    public static func any(_ family: AddressFamily) -> IPAddress {
        IPAddress(family: family, bits: 0)
    }

    /// 169.254.0.0/16 or fe80::/10.
    public var isLinkLocal: Bool {
        family == .ipv4 ? bits >> 16 == 0xA9FE : bits >> 118 == 0x3FA
    }

    /// 127.0.0.0/8 or ::1.
    public var isLoopback: Bool { family == .ipv4 ? bits >> 24 == 127 : bits == 1 }

    /// 224.0.0.0/4 or ff00::/8.
    public var isMulticast: Bool { family == .ipv4 ? bits >> 28 == 0xE : bits >> 120 == 0xFF }

    public var isUnspecified: Bool { bits == 0 }

    /// In network order: 4 or 16 bytes.
    public var bytes: [UInt8] {
        let width = Int(family.bitWidth)
        return stride(from: width - 8, through: 0, by: -8).map {
            UInt8(truncatingIfNeeded: bits >> UInt128($0))
        }
    }

    /// From network order; nil unless there are 4 or 16 bytes, as the family has it.
    public init?(family: AddressFamily, bytes: some Collection<UInt8>) {
        guard bytes.count == Int(family.bitWidth) / 8 else { return nil }
        self.init(family: family, bits: bytes.reduce(0) { $0 << 8 | UInt128($1) })
    }
}

extension IPAddress {
    public func hash(into hasher: inout Hasher) {
        hasher.combine(low)
        if family == .ipv6 { hasher.combine(high) }
    }
}

extension IPAddress: Comparable {
    public static func < (a: IPAddress, b: IPAddress) -> Bool {
        a.family == b.family ? a.bits < b.bits : a.family < b.family
    }
}
