import Netlink

/// Tencent Cloud CVM.
///
/// https://www.tencentcloud.com/document/product/213/4934
struct TencentProvider: Provider {
    let name = "tencent"
    // metadata.tencentyun.com, without asking DNS.
    let endpoint = "http://169.254.0.23"
    let ipv6Endpoint: String? = nil
    let tokenScheme: TokenScheme? = nil

    func recognises(_ dmi: DMI) -> Bool { dmi.vendor == "Tencent Cloud" }

    private static let keys = [
        "primary-local-ipv4", "local-ipv4s/", "vpc-id", "subnet-id", "public-ipv4s",
    ]

    func read(_ service: MetadataService) async throws(DiscoveryFailure) -> DiscoveredInstance {
        let tree = MetadataTree(service: service)
        let listing = try await tree.list(["instance-id", "public-ipv4"])
        let nics = try await tree.values(Self.keys, of: listing.nics)
        var paths: [String] = []
        for (nic, values) in nics {
            for address in try values.localAddresses() {
                paths += ["gateway", "subnet-mask"].map { nic.path(of: address) + $0 }
            }
        }
        let texts = try await service.texts(paths)
        var interfaces: [DiscoveredInterface] = []
        for (nic, values) in nics { interfaces.append(try interface(nic, values, texts)) }
        return DiscoveredInstance(
            provider: name, id: listing.values["instance-id"],
            publicAddresses: [listing.values["public-ipv4"] ?? ""].filter { !$0.isEmpty },
            interfaces: interfaces)
    }

    private func interface(
        _ nic: MetadataTree.NIC, _ values: NICValues, _ texts: [String: String]
    ) throws(DiscoveryFailure) -> DiscoveredInterface {
        guard let first = try values.address("primary-local-ipv4", .ipv4) else {
            throw values.missing("primary-local-ipv4")
        }
        let local = try values.localAddresses()
        guard local.contains(first) else { throw values.missing("local-ipv4s/ with \(first)") }
        var addresses: [DiscoveredInterface.Address] = []
        var gateways: Set<IPAddress> = []
        for address in local {
            let entries = ["gateway", "subnet-mask"].compactMap { key in
                texts[nic.path(of: address) + key].map { (key, $0) }
            }
            let values = NICValues(
                "\(nic.mac) \(address)", Dictionary(uniqueKeysWithValues: entries))
            guard let gateway = try values.address("gateway", .ipv4) else {
                throw values.missing("gateway")
            }
            guard let length = try values.prefixLength(mask: "subnet-mask") else {
                throw values.missing("subnet-mask")
            }
            addresses.append(.init(address, prefixLength: length))
            gateways.insert(gateway)
        }
        guard gateways.count == 1 else {
            throw .inconsistent("\(nic.mac): its addresses have different gateways")
        }
        return DiscoveredInterface(
            mac: nic.mac, isPrimary: nic.isPrimary, addresses: addresses, primary: [first],
            gateways: [.ipv4: gateways.first ?? first],
            remarks: Remarks.of(
                values, ["subnet-id": "subnet", "vpc-id": "VPC", "public-ipv4s": "public"]))
    }
}

extension MetadataTree.NIC {
    /// Written as the listing has it: dotted quads have one form.
    fileprivate func path(of address: IPAddress) -> String { "\(path)local-ipv4s/\(address)/" }
}

extension NICValues {
    /// The directories of `local-ipv4s/`; the listing may repeat them.
    fileprivate func localAddresses() throws(DiscoveryFailure) -> [IPAddress] {
        let addresses = try addresses("local-ipv4s/", .ipv4)
        guard addresses.count <= DiscoveredInstance.maximumAddresses else {
            throw .refused("local-ipv4s/ lists \(addresses.count) addresses")
        }
        return addresses
    }
}
