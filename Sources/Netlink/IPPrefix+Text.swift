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
        var text = String(text)
        return text.withUTF8 { parse($0, lengthRequired: lengthRequired) }
    }

    /// The same of a text's bytes.
    package static func parse(
        _ text: UnsafeBufferPointer<UInt8>, lengthRequired: Bool = false
    ) -> (address: IPAddress, length: UInt8)? {
        guard let slash = text.firstIndex(of: UInt8(ascii: "/")) else {
            guard !lengthRequired, let address = IPAddress(text) else { return nil }
            return (address, address.family.bitWidth)
        }
        guard let address = IPAddress(UnsafeBufferPointer(rebasing: text[..<slash])),
            let length = number(text[slash...].dropFirst()), length <= address.family.bitWidth
        else { return nil }
        return (address, UInt8(length))
    }

    /// Up to three digits without leading zeros.
    private static func number(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
        guard (1...3).contains(digits.count), digits.count == 1 || digits.first != 0x30 else {
            return nil
        }
        var number = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            number = 10 * number + Int(digit - 0x30)
        }
        return number
    }
}

extension IPPrefix: CustomStringConvertible {
    /// `10.0.0.0/24`.
    public var description: String { address.description(length: length) }
}
