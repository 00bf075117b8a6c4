internal import CNL

extension Rule {
    /// A selector or target that `Rule` keeps as dumped, in iproute2's terms.
    public enum OtherSelector: Hashable, Sendable {
        /// `FRA_L3MDEV`
        case l3mdev
        /// `FRA_UID_RANGE`
        case users(first: UInt32, last: UInt32)
        /// `FRA_IP_PROTO`
        case ipProtocol(UInt8)
        /// `FRA_SPORT_RANGE`
        case sourcePorts(first: UInt16, last: UInt16)
        /// `FRA_DPORT_RANGE`
        case destinationPorts(first: UInt16, last: UInt16)
        /// `FRA_GOTO`: the priority to go on at.
        case target(UInt32)
    }

    /// In the order of `ip rule show`; what this version of rtsetup does not know is not among them.
    public var otherSelectors: [OtherSelector] {
        let selectors: [OtherSelector?] = [
            payload(FRA_L3MDEV).map { _ in .l3mdev },
            payload(FRA_UID_RANGE).flatMap(pair).map { .users(first: $0, last: $1) },
            payload(FRA_IP_PROTO)?.first.map { .ipProtocol($0) },
            payload(FRA_SPORT_RANGE).flatMap(pair).map { .sourcePorts(first: $0, last: $1) },
            payload(FRA_DPORT_RANGE).flatMap(pair).map { .destinationPorts(first: $0, last: $1) },
            payload(FRA_GOTO).flatMap { number($0[...]) }.map { .target($0) },
        ]
        return selectors.compactMap { $0 }
    }

    private func payload(_ type: Int) -> [UInt8]? {
        otherAttributes.first { $0.type == UInt16(type) }?.payload
    }

    private func pair<Number: FixedWidthInteger>(_ bytes: [UInt8]) -> (Number, Number)? {
        let width = Number.bitWidth / 8
        guard let first: Number = number(bytes.prefix(width)),
            let last: Number = number(bytes.dropFirst(width))
        else { return nil }
        return (first, last)
    }

    /// In host order, as the kernel gives them.
    private func number<Number: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>) -> Number? {
        guard bytes.count == Number.bitWidth / 8 else { return nil }
        let value = bytes.reversed().reduce(Number.zero) { $0 << 8 | Number($1) }
        return Number(littleEndian: value)
    }
}
