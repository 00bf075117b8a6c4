import Glibc

extension IPAddress {
    /// Reads a dotted quad without leading zeros, or IPv6 as RFC 4291 writes it, without a zone.
    public init?(_ text: some StringProtocol) {
        var text = String(text)
        guard let address = text.withUTF8({ IPAddress($0) }) else { return nil }
        self = address
    }

    /// The same of a text's bytes.
    init?(_ text: UnsafeBufferPointer<UInt8>) {
        if let quad = Self.dottedQuad(text) {
            self.init(family: .ipv4, bits: UInt128(quad))
            return
        }
        // C would stop reading at a NUL, and take what stands before it for the whole.
        guard !text.contains(0) else { return nil }
        var bits: UInt128 = 0
        guard inet_pton(AF_INET6, String(decoding: text, as: UTF8.self), &bits) == 1 else {
            return nil
        }
        self.init(family: .ipv6, bits: UInt128(bigEndian: bits))
    }

    /// By hand: files hold thousands.
    private static func dottedQuad(_ text: UnsafeBufferPointer<UInt8>) -> UInt32? {
        var quad: UInt32 = 0
        var dots = 0
        var byte: UInt32?
        for character in text {
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                guard byte != 0 else { return nil }
                let value = 10 * (byte ?? 0) + UInt32(character - UInt8(ascii: "0"))
                guard value < 256 else { return nil }
                byte = value
            case UInt8(ascii: "."):
                guard let value = byte, dots < 3 else { return nil }
                quad = quad << 8 | value
                byte = nil
                dots += 1
            default: return nil
            }
        }
        guard dots == 3, let byte else { return nil }
        return quad << 8 | byte
    }
}

extension IPAddress: CustomStringConvertible {
    /// `10.0.0.1`, or IPv6 as RFC 5952 wants it.
    public var description: String {
        guard family == .ipv6 else { return dottedQuad() }
        var bits = bits.bigEndian
        return withUnsafeTemporaryAllocation(
            of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)
        ) { text in
            inet_ntop(AF_INET6, &bits, text.baseAddress, socklen_t(text.count))
                .map { String(cString: $0) } ?? ""
        }
    }

    /// `10.0.0.1/24`.
    public func description(length: UInt8) -> String {
        family == .ipv6 ? "\(self)/\(length)" : dottedQuad(length: length)
    }

    /// By hand: a plan may write thousands.
    private func dottedQuad(length: UInt8? = nil) -> String {
        // Most are short enough for a String to hold them itself.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 19) { text in
            var count = 0
            func append(_ character: UInt8) {
                text[count] = character
                count += 1
            }
            func append(number: UInt8) {
                if number >= 100 { append(UInt8(ascii: "0") + number / 100) }
                if number >= 10 { append(UInt8(ascii: "0") + number / 10 % 10) }
                append(UInt8(ascii: "0") + number % 10)
            }
            for shift in stride(from: 24, through: 0, by: -8) {
                append(number: UInt8(truncatingIfNeeded: low >> shift))
                if shift > 0 { append(UInt8(ascii: ".")) }
            }
            if let length {
                append(UInt8(ascii: "/"))
                append(number: length)
            }
            return String(decoding: text[..<count], as: UTF8.self)
        }
    }
}
