import Netlink

/// The keys of one directory, and their formats. A key that is absent (404) is nil everywhere.
struct NICValues {
    private let label: String
    private let values: [String: String]

    init(_ label: some CustomStringConvertible, _ values: [String: String]) {
        self.label = "\(label)"
        self.values = values
    }

    /// nil where it is empty, too: nothing of value.
    func text(_ key: String) -> String? { values[key].flatMap { $0.isEmpty ? nil : $0 } }

    func list(_ key: String) throws(DiscoveryFailure) -> [String]? {
        guard let text = values[key] else { return nil }
        guard let list = MetadataText.list(text) else {
            throw .inconsistent("\(label): \(key) is cut off: \(Remarks.quoted(text))")
        }
        return list
    }

    func address(
        _ key: String, _ family: AddressFamily
    ) throws(DiscoveryFailure) -> IPAddress? {
        guard let text = text(key) else { return nil }
        return try address(text, key, family)
    }

    func addresses(
        _ key: String, _ family: AddressFamily
    ) throws(DiscoveryFailure) -> [IPAddress] {
        var addresses: [IPAddress] = []
        for text in try list(key) ?? [] { addresses.append(try address(text, key, family)) }
        return addresses
    }

    /// CIDRs, whose host bits some clouds leave set.
    func subnets(
        _ key: String, _ family: AddressFamily
    ) throws(DiscoveryFailure) -> [IPPrefix] {
        var subnets: [IPPrefix] = []
        for text in try list(key) ?? [] {
            guard let (address, length) = IPPrefix.parse(text, lengthRequired: true),
                address.family == family
            else { throw wrong(text, key, "\(family) subnet") }
            subnets.append(IPPrefix(address, length: length))
        }
        return subnets
    }

    /// A dotted mask as a length.
    func prefixLength(mask key: String) throws(DiscoveryFailure) -> UInt8? {
        guard let text = text(key) else { return nil }
        guard let mask = IPAddress(text), mask.family == .ipv4 else {
            throw wrong(text, key, "netmask")
        }
        let bits = UInt32(truncatingIfNeeded: mask.bits)
        let length = (~bits).leadingZeroBitCount
        guard bits.trailingZeroBitCount + length == 32 else { throw wrong(text, key, "netmask") }
        return UInt8(length)
    }

    /// What must be there beside what is.
    func missing(_ key: String) -> DiscoveryFailure { .inconsistent("\(label): \(key) is missing") }

    /// The addresses with the length of the subnet that holds each.
    func addresses(
        _ addresses: [IPAddress], in subnets: [IPPrefix], _ key: String
    ) throws(DiscoveryFailure) -> [DiscoveredInterface.Address] {
        var result: [DiscoveredInterface.Address] = []
        for address in addresses {
            guard let subnet = subnets.first(where: { $0.contains(address) }) else {
                if subnets.isEmpty { throw missing(key) }
                let list = subnets.map(\.description).joined(separator: ", ")
                throw .inconsistent("\(label): \(address) is not in its subnet \(list)")
            }
            result.append(.init(address, prefixLength: subnet.length))
        }
        return result
    }

    private func address(
        _ text: String, _ key: String, _ family: AddressFamily
    ) throws(DiscoveryFailure) -> IPAddress {
        guard let address = IPAddress(text), address.family == family else {
            throw wrong(text, key, "\(family) address")
        }
        return address
    }

    private func wrong(_ text: String, _ key: String, _ what: String) -> DiscoveryFailure {
        .inconsistent("\(label): \(key): \(Remarks.quoted(text)) is no \(what)")
    }
}
