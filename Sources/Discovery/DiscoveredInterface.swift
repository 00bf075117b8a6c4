public import Netlink

/// An ENI as the metadata has it.
public struct DiscoveredInterface: Hashable, Sendable {
    public var mac: MACAddress
    public var isPrimary: Bool
    /// IPv4 before IPv6; of each family the primary first where the cloud names one, then in
    /// numerical order: that of the metadata means nothing.
    public private(set) var addresses: [Address]
    /// What the cloud says; a family without an entry learns its gateway from the router.
    public var gateways: [AddressFamily: IPAddress]
    /// For people: the ENI's and the subnet's ids, public addresses, delegated prefixes.
    public var remarks: [Remark]

    public struct Address: Hashable, Sendable {
        public var address: IPAddress
        public var prefixLength: UInt8

        public init(_ address: IPAddress, prefixLength: UInt8) {
            self.address = address
            self.prefixLength = prefixLength
        }

        var subnet: IPPrefix { IPPrefix(address, length: prefixLength) }
    }

    public struct Remark: Hashable, Sendable {
        public var name: String
        public var text: String

        public init(_ name: String, _ text: String) {
            self.name = name
            self.text = text
        }
    }

    /// - Parameter primary: the address of a family that is not a secondary one.
    public init(
        mac: MACAddress, isPrimary: Bool, addresses: [Address], primary: Set<IPAddress>,
        gateways: [AddressFamily: IPAddress], remarks: [Remark] = []
    ) {
        self.mac = mac
        self.isPrimary = isPrimary
        self.gateways = gateways
        self.remarks = remarks
        self.addresses = Set(addresses).sorted { a, b in
            let (first, second) = (a.address, b.address)
            if first.family != second.family { return first.family < second.family }
            let isFirst = primary.contains(first)
            guard isFirst == primary.contains(second) else { return isFirst }
            return first == second ? a.prefixLength < b.prefixLength : first < second
        }
    }

    func addresses(_ family: AddressFamily) -> [Address] {
        addresses.filter { $0.address.family == family }
    }
}
