/// A block of addresses. Host bits are always zero.
public struct IPPrefix: Hashable, Sendable {
    /// The first address of the block.
    public let address: IPAddress
    /// 0–32 or 0–128.
    public let length: UInt8

    /// The block of `length` that `address` lies in; host bits are cleared.
    public init(_ address: IPAddress, length: UInt8) {
        let width = address.family.bitWidth
        let length = min(length, width)
        let hostBits = UInt128(width - length)
        let cleared = hostBits == 128 ? 0 : (address.bits >> hostBits) << hostBits
        self.address = IPAddress(family: address.family, bits: cleared)
        self.length = length
    }

    /// `0.0.0.0/0` or `::/0`.
    public static func `default`(_ family: AddressFamily) -> IPPrefix {
        IPPrefix(.any(family), length: 0)
    }

    /// The block of this one address: /32 or /128.
    public static func host(_ address: IPAddress) -> IPPrefix {
        IPPrefix(address, length: address.family.bitWidth)
    }

    public var family: AddressFamily { address.family }
    public var isHost: Bool { length == family.bitWidth }
    public var isDefault: Bool { length == 0 }

    public func contains(_ other: IPAddress) -> Bool {
        other.family == family && IPPrefix(other, length: length).address == address
    }

    public func contains(_ other: IPPrefix) -> Bool {
        other.length >= length && contains(other.address)
    }
}

extension IPPrefix: Comparable {
    public static func < (a: IPPrefix, b: IPPrefix) -> Bool {
        a.address == b.address ? a.length < b.length : a.address < b.address
    }
}
