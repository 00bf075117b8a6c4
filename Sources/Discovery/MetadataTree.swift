import Netlink

/// The part of the tree that the clouds have in common: `mac`, and a directory an ENI.
struct MetadataTree {
    let service: MetadataService

    static let base = "/latest/meta-data/"
    private static let nics = base + "network/interfaces/macs/"

    /// An ENI's directory. MACs are upper case in some, and paths are case sensitive.
    struct NIC: Hashable {
        var mac: MACAddress
        var path: String
        var isPrimary: Bool
    }

    struct Listing {
        var nics: [NIC]
        /// Keys of the top level that were asked for.
        var values: [String: String]
    }

    /// The ENIs, and some keys of the top level.
    func list(_ keys: [String]) async throws(DiscoveryFailure) -> Listing {
        let paths = ["mac"] + keys
        let texts = try await service.texts(paths.map { Self.base + $0 } + [Self.nics])
        let primary = texts[Self.base + "mac"]
        guard let listing = texts[Self.nics] else {
            guard primary == nil else { throw .inconsistent("there is a mac, but no list of ENIs") }
            throw DiscoveryFailure(.noService, "what answers here serves no metadata (404)")
        }
        guard let primary else { throw .inconsistent("there is a list of ENIs, but no mac") }
        let primaryMAC = try Self.mac(primary, Self.base + "mac")
        var nics: [NIC] = []
        for line in MetadataText.lines(listing) {
            let mac = try Self.mac(line, Self.nics)
            guard !nics.contains(where: { $0.mac == mac }) else { continue }
            nics.append(
                NIC(mac: mac, path: "\(Self.nics)\(line)/", isPrimary: mac == primaryMAC))
            guard nics.count <= DiscoveredInstance.maximumInterfaces else {
                throw .refused("\(Self.nics) lists too many ENIs")
            }
        }
        let values = keys.compactMap { key in texts[Self.base + key].map { (key, $0) } }
        return Listing(nics: nics, values: Dictionary(uniqueKeysWithValues: values))
    }

    /// Keys of every ENI, asked together.
    func values(
        _ keys: [String], of nics: [NIC]
    ) async throws(DiscoveryFailure) -> [(nic: NIC, values: NICValues)] {
        let texts = try await service.texts(nics.flatMap { nic in keys.map { nic.path + $0 } })
        return nics.map { nic in
            let values = keys.compactMap { key in texts[nic.path + key].map { (key, $0) } }
            return (nic, NICValues(nic.mac, Dictionary(uniqueKeysWithValues: values)))
        }
    }

    /// The MAC of one NIC: it goes into a path as well.
    private static func mac(_ text: String, _ path: String) throws(DiscoveryFailure) -> MACAddress {
        guard let mac = MACAddress(text), mac.bits != 0, mac.bits >> 40 & 1 == 0 else {
            throw .inconsistent("\(path): \(Remarks.quoted(text)) is no MAC address of a NIC")
        }
        return mac
    }
}
