import Netlink

/// Amazon EC2.
///
/// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-metadata.html
struct AWSProvider: Provider {
    let name = "aws"
    let endpoint = "http://169.254.169.254"
    let ipv6Endpoint: String? = "http://[fd00:ec2::254]"
    let tokenScheme: TokenScheme? = TokenScheme(
        lifetimeHeader: "X-aws-ec2-metadata-token-ttl-seconds", header: "X-aws-ec2-metadata-token")

    func recognises(_ dmi: DMI) -> Bool { dmi.vendor == "Amazon EC2" }

    private static let keys = [
        "local-ipv4s", "subnet-ipv4-cidr-block", "ipv6s", "subnet-ipv6-cidr-blocks",
        "interface-id", "subnet-id", "device-number", "network-card", "public-ipv4s",
        "ipv4-prefix", "ipv6-prefix",
    ]

    func read(_ service: MetadataService) async throws(DiscoveryFailure) -> DiscoveredInstance {
        let tree = MetadataTree(service: service)
        let listing = try await tree.list(["instance-id"])
        var interfaces: [DiscoveredInterface] = []
        for (nic, values) in try await tree.values(Self.keys, of: listing.nics) {
            interfaces.append(try interface(nic, values))
        }
        return DiscoveredInstance(
            provider: name, id: listing.values["instance-id"], interfaces: interfaces)
    }

    private func interface(
        _ nic: MetadataTree.NIC, _ values: NICValues
    ) throws(DiscoveryFailure) -> DiscoveredInterface {
        let ipv4 = try values.addresses("local-ipv4s", .ipv4)
        let subnets = try values.subnets("subnet-ipv4-cidr-block", .ipv4)
        // A subnet without IPv4 has no such block.
        guard !ipv4.isEmpty || subnets.isEmpty else { throw values.missing("local-ipv4s") }
        var addresses = try values.addresses(ipv4, in: subnets, "subnet-ipv4-cidr-block")
        var gateways: [AddressFamily: IPAddress] = [:]
        if !ipv4.isEmpty, let subnet = subnets.first {
            // Not served: "the base of the subnet plus one" is the VPC's router.
            // https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
            gateways[.ipv4] = IPAddress(family: .ipv4, bits: subnet.address.bits + 1)
        }
        addresses += try values.addresses(
            try values.addresses("ipv6s", .ipv6),
            in: try values.subnets("subnet-ipv6-cidr-blocks", .ipv6), "subnet-ipv6-cidr-blocks")
        return DiscoveredInterface(
            mac: nic.mac, isPrimary: nic.isPrimary, addresses: addresses,
            primary: Set(ipv4.prefix(1)), gateways: gateways,
            remarks: Remarks.of(
                values,
                [
                    "interface-id": "ENI", "subnet-id": "subnet", "device-number": "device",
                    "network-card": "card", "public-ipv4s": "public", "ipv4-prefix": "delegated",
                    "ipv6-prefix": "delegated",
                ]))
    }
}
