import Glibc

extension IPAddress {
    /// Reads a dotted quad without leading zeros, or IPv6 as RFC 4291 writes it, without a zone.
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        // C would stop reading at a NUL, and take what stands before it for the whole.
        guard !text.utf8.contains(0) else { return nil }
        if text.utf8.contains(UInt8(ascii: ":")) {
            var bits: UInt128 = 0
            guard inet_pton(AF_INET6, text, &bits) == 1 else { return nil }
            self.init(family: .ipv6, bits: UInt128(bigEndian: bits))
        } else {
            var bits: UInt32 = 0
            guard inet_pton(AF_INET, text, &bits) == 1 else { return nil }
            self.init(family: .ipv4, bits: UInt128(UInt32(bigEndian: bits)))
        }
    }
}

extension IPAddress: CustomStringConvertible {
    /// `10.0.0.1`, or IPv6 as RFC 5952 wants it.
    public var description: String {
        guard family == .ipv6 else {
            let quad = UInt32(truncatingIfNeeded: bits)
            return "\(quad >> 24).\(quad >> 16 & 0xFF).\(quad >> 8 & 0xFF).\(quad & 0xFF)"
        }
        var bits = bits.bigEndian
        return withUnsafeTemporaryAllocation(
            of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)
        ) { text in
            inet_ntop(AF_INET6, &bits, text.baseAddress, socklen_t(text.count))
                .map { String(cString: $0) } ?? ""
        }
    }
}
