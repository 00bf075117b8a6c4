extension IPPrefix {
    /// Reads `10.0.0.0/24`; nil where host bits are set, too.
    ///
    /// Without a length it is the block of the one address.
    public init?(_ text: some StringProtocol) {
        guard let (address, length) = IPPrefix.parse(text) else { return nil }
        self.init(address, length: length)
        guard self.address == address else { return nil }
    }

    /// Reads `10.0.0.1/24` as it stands, host bits and all.
    ///
    /// - Parameter lengthRequired: refuse an address alone, rather than take it for a host's.
    public static func parse(
        _ text: some StringProtocol, lengthRequired: Bool = false
    ) -> (address: IPAddress, length: UInt8)? {
        // Concrete: across modules the generic form costs ten times as much.
        let text = String(text)
        guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else {
            guard !lengthRequired, let address = IPAddress(text) else { return nil }
            return (address, address.family.bitWidth)
        }
        let digits = text[text.index(after: slash)...].utf8
        guard let address = IPAddress(text[..<slash]),
            digits.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains),
            digits.first != UInt8(ascii: "0") || digits.count == 1,
            let length = UInt8(text[text.index(after: slash)...]),
            length <= address.family.bitWidth
        else { return nil }
        return (address, length)
    }
}

extension IPPrefix: CustomStringConvertible {
    /// `10.0.0.0/24`.
    public var description: String { "\(address)/\(length)" }
}
