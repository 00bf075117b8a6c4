import Netlink

extension DiscoveredInstance {
    /// More of either on one instance is no metadata.
    static let maximumInterfaces = 64
    static let maximumAddresses = 256

    /// Whether this can be the whole truth about an instance.
    ///
    /// - Throws: what is missing or contradicts itself: the metadata of an ENI that has just come
    ///   lags behind its listing.
    func check() throws(DiscoveryFailure) {
        guard !interfaces.isEmpty else { throw .inconsistent("no ENI is listed") }
        guard interfaces.count <= Self.maximumInterfaces else {
            throw .refused("\(interfaces.count) ENIs are listed")
        }
        guard interfaces.count(where: \.isPrimary) == 1 else {
            throw .inconsistent("the primary ENI is not in the list of ENIs")
        }
        var owners: [IPAddress: MACAddress] = [:]
        for interface in interfaces {
            try interface.check()
            for address in interface.addresses.map(\.address) {
                if let other = owners.updateValue(interface.mac, forKey: address) {
                    throw .inconsistent(
                        "\(address) is listed twice, for \(other) and \(interface.mac)")
                }
            }
        }
        for interface in interfaces {
            for (family, gateway) in interface.gateways
            where owners[gateway] != nil || !interface.canNeighbour(gateway) {
                throw .inconsistent("\(interface.mac): \(gateway) is no \(family) gateway")
            }
        }
    }
}

extension DiscoveredInterface {
    fileprivate func check() throws(DiscoveryFailure) {
        guard !addresses.isEmpty else { throw .inconsistent("\(mac) has no address") }
        guard addresses.count <= DiscoveredInstance.maximumAddresses else {
            throw .refused("\(mac) has \(addresses.count) addresses")
        }
        for address in addresses where !address.isAssignable {
            throw .inconsistent(
                "\(mac): \(address.address)/\(address.prefixLength) is no address of an interface")
        }
    }

    /// Whether a host can have the address: none of its subnets has it for its first or last.
    fileprivate func canNeighbour(_ gateway: IPAddress) -> Bool {
        gateway.isUnicast
            && addresses.allSatisfy { !$0.subnet.contains(gateway) || !$0.hasAtAnEnd(gateway) }
    }
}

extension DiscoveredInterface.Address {
    /// A host's address that is not its subnet's first or last.
    fileprivate var isAssignable: Bool {
        guard address.isUnicast, (1...address.family.bitWidth).contains(prefixLength) else {
            return false
        }
        return !hasAtAnEnd(address)
    }

    /// Whether an address of the subnet is its first or its last, which IPv4 gives no host.
    fileprivate func hasAtAnEnd(_ address: IPAddress) -> Bool {
        guard address.family == .ipv4, prefixLength < 31 else { return false }
        let hostBits: UInt128 = (1 << UInt128(32 - prefixLength)) - 1
        return [0, hostBits].contains(address.bits & hostBits)
    }
}

extension IPAddress {
    fileprivate var isUnicast: Bool {
        !isUnspecified && !isLoopback && !isMulticast && !(family == .ipv4 && bits == 0xFFFF_FFFF)
    }
}
