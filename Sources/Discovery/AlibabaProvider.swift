import Netlink

/// Alibaba Cloud ECS.
///
/// https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
struct AlibabaProvider: Provider {
    let name = "alibaba"
    let endpoint = "http://100.100.100.200"
    let ipv6Endpoint: String? = "http://[fd00:100::100:200]"
    let tokenScheme: TokenScheme? = TokenScheme(
        lifetimeHeader: "X-aliyun-ecs-metadata-token-ttl-seconds",
        header: "X-aliyun-ecs-metadata-token")

    func recognises(_ dmi: DMI) -> Bool { dmi.product == "Alibaba Cloud ECS" }

    private static let keys = [
        "primary-ip-address", "private-ipv4s", "netmask", "gateway", "vswitch-cidr-block",
        "ipv6s", "ipv6-gateway", "vswitch-ipv6-cidr-block",
        "network-interface-id", "vswitch-id", "ipv4-prefixes", "ipv6-prefixes",
    ]

    func read(_ service: MetadataService) async throws(DiscoveryFailure) -> DiscoveredInstance {
        let tree = MetadataTree(service: service)
        let listing = try await tree.list(["instance-id", "public-ipv4", "eipv4"])
        var interfaces: [DiscoveredInterface] = []
        for (nic, values) in try await tree.values(Self.keys, of: listing.nics) {
            interfaces.append(try interface(nic, values))
        }
        let publicAddresses = ["public-ipv4", "eipv4"].compactMap { listing.values[$0] }
        return DiscoveredInstance(
            provider: name, id: listing.values["instance-id"],
            publicAddresses: Array(Set(publicAddresses.filter { !$0.isEmpty })).sorted(),
            interfaces: interfaces)
    }

    private func interface(
        _ nic: MetadataTree.NIC, _ values: NICValues
    ) throws(DiscoveryFailure) -> DiscoveredInterface {
        var addresses: [DiscoveredInterface.Address] = []
        var gateways: [AddressFamily: IPAddress] = [:]
        var primary: Set<IPAddress> = []

        let ipv4 = try values.addresses("private-ipv4s", .ipv4)
        // All of these, or, on an ENI with IPv6 alone, none.
        let first = try values.address("primary-ip-address", .ipv4)
        let gateway = try values.address("gateway", .ipv4)
        let length = try values.prefixLength(mask: "netmask")
        if !ipv4.isEmpty || first != nil || gateway != nil || length != nil {
            guard let first else { throw values.missing("primary-ip-address") }
            guard let gateway else { throw values.missing("gateway") }
            guard ipv4.contains(first) else {
                throw values.missing("private-ipv4s with \(first)")
            }
            let blocks = try values.subnets("vswitch-cidr-block", .ipv4)
            let subnets = length.map { [IPPrefix(first, length: $0)] } ?? blocks
            if let subnet = subnets.first, let block = blocks.first, subnet != block {
                throw .inconsistent("\(nic.mac): netmask says \(subnet), the vSwitch \(block)")
            }
            addresses += try values.addresses(ipv4, in: subnets, "netmask")
            gateways[.ipv4] = gateway
            primary.insert(first)
        }

        let ipv6 = try values.addresses("ipv6s", .ipv6)
        if !ipv6.isEmpty {
            guard let gateway = try values.address("ipv6-gateway", .ipv6) else {
                throw values.missing("ipv6-gateway")
            }
            addresses += try values.addresses(
                ipv6, in: try values.subnets("vswitch-ipv6-cidr-block", .ipv6),
                "vswitch-ipv6-cidr-block")
            gateways[.ipv6] = gateway
        }
        return DiscoveredInterface(
            mac: nic.mac, isPrimary: nic.isPrimary, addresses: addresses, primary: primary,
            gateways: gateways,
            remarks: Remarks.of(
                values,
                [
                    "network-interface-id": "ENI", "vswitch-id": "vSwitch",
                    "ipv4-prefixes": "delegated", "ipv6-prefixes": "delegated",
                ]))
    }
}
