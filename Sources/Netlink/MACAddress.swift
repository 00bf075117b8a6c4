/// A 48-bit Ethernet address.
public struct MACAddress: Hashable, Sendable, Comparable {
    /// The lower 48 bits.
    public let bits: UInt64

    public init(bits: UInt64) { self.bits = bits & 0xFFFF_FFFF_FFFF }

    /// nil unless there are 6 bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 6 else { return nil }
        self.init(bits: bytes.reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// In network order.
    public var bytes: [UInt8] {
        stride(from: 40, through: 0, by: -8).map { UInt8(truncatingIfNeeded: bits >> UInt64($0)) }
    }

    /// `02:00:00:00:00:01` or with `-`, in either case; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(omittingEmptySubsequences: false) { $0 == ":" || $0 == "-" }
        guard parts.count == 6 else { return nil }
        var bits: UInt64 = 0
        for part in parts {
            guard part.utf8.count == 2, part.utf8.first != UInt8(ascii: "+"),
                let byte = UInt8(part, radix: 16)
            else { return nil }
            bits = bits << 8 | UInt64(byte)
        }
        self.init(bits: bits)
    }

    public static func < (a: MACAddress, b: MACAddress) -> Bool { a.bits < b.bits }
}

extension MACAddress: CustomStringConvertible {
    /// Lower case with colons, as the kernel writes it.
    public var description: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: 17) { text in
            for place in 0..<6 {
                let byte = Int(truncatingIfNeeded: bits >> UInt64(40 - 8 * place) & 0xFF)
                text[3 * place] = digits[byte >> 4]
                text[3 * place + 1] = digits[byte & 0xF]
                if place < 5 { text[3 * place + 2] = UInt8(ascii: ":") }
            }
            return 17
        }
    }
}
