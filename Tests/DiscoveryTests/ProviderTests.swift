import Netlink
import Testing

@testable import Discovery

@Suite("A cloud's metadata") struct ProviderTests {
    private func addresses(_ interface: DiscoveredInterface) -> [String] {
        interface.addresses.map { "\($0.address)/\($0.prefixLength)" }
    }

    private func gateways(_ interface: DiscoveredInterface) -> [AddressFamily: String] {
        interface.gateways.mapValues(\.description)
    }

    @Test("of Alibaba: JSON, lists without quotes, the primary address wherever it stands")
    func alibaba() async throws {
        let instance = try await discover(FakeService(alibabaTree), by: AlibabaProvider())
        #expect(instance.id == "i-1")
        #expect(instance.interfaces.map(\.isPrimary) == [true, false])
        let second = instance.interfaces[1]
        #expect(
            addresses(second) == [
                "10.0.0.30/24", "10.0.0.20/24", "2001:db8::5/64", "2001:db8::20/64",
            ])
        #expect(gateways(second) == [.ipv4: "10.0.0.253", .ipv6: "2001:db8::ff"])
        #expect(second.remarks.map(\.text) == ["eni-2", "vsw-1"])
    }

    @Test("of Tencent: a directory an address, upper case, a gateway off the subnet")
    func tencent() async throws {
        let instance = try await discover(FakeService(tencentTree), by: TencentProvider())
        #expect(addresses(instance.interfaces[0]) == ["10.104.13.59/18"])
        #expect(gateways(instance.interfaces[0]) == [.ipv4: "10.15.1.1"])
        #expect("\(instance.interfaces[0].mac)" == "52:54:00:bf:b3:51")
    }

    @Test("of AWS: lines, the gateway that is documented, none for IPv6")
    func aws() async throws {
        let instance = try await discover(FakeService(awsTree), by: AWSProvider())
        #expect(
            addresses(instance.interfaces[0]) == [
                "10.41.41.95/24", "10.41.41.7/24", "2600:1f16::7/64",
            ])
        #expect(gateways(instance.interfaces[0]) == [.ipv4: "10.41.41.1"])
    }

    @Test("is told apart by what the firmware says")
    func detection() {
        func name(_ vendor: String, _ product: String) -> String? {
            Providers.detected(DMI(vendor: vendor, product: product))?.name
        }
        #expect(name("Alibaba Cloud", "Alibaba Cloud ECS") == "alibaba")
        #expect(name("Tencent Cloud", "CVM") == "tencent")
        #expect(name("Amazon EC2", "m5.large") == "aws")
        #expect(name("QEMU", "Standard PC") == nil)
        #expect(Providers.detected(DMI(root: "/nowhere")) == nil)
    }

    @Test(
        "with host bits in a CIDR, in CRLF, with a mask or a block alone",
        arguments: [
            ["vswitch-cidr-block": "10.0.0.77/24\r\n"], ["gateway": "10.0.0.253\r\n"],
            ["netmask": "", "vswitch-cidr-block": "10.0.0.0/24"], ["vswitch-cidr-block": ""],
        ])
    func forms(change: [String: String]) async throws {
        let second = macs + "00:16:3e:12:e7:01/"
        var tree = alibabaTree
        for (key, value) in change { tree[second + key] = value.isEmpty ? nil : value }
        let expected = try await discover(FakeService(alibabaTree))
        #expect(try await discover(FakeService(tree)) == expected)
    }

    @Test("of an ENI with IPv6 alone")
    func ipv6Only() async throws {
        let second = macs + "00:16:3e:12:e7:01/"
        let ipv4 = ["primary-ip-address", "private-ipv4s", "netmask", "gateway"].map { second + $0 }
        let tree = alibabaTree.filter { !ipv4.contains($0.key) }
        let instance = try await discover(FakeService(tree))
        #expect(addresses(instance.interfaces[1]) == ["2001:db8::5/64", "2001:db8::20/64"])
        #expect(gateways(instance.interfaces[1]) == [.ipv6: "2001:db8::ff"])
    }

    @Test(
        "with a gateway that is no neighbour is inconsistent: an ENI's own address, the first or last",
        arguments: ["10.0.0.19", "10.0.0.20", "10.0.0.0", "10.0.0.255", "224.0.0.1"])
    func gatewayOfNobody(gateway: String) async throws {
        var tree = alibabaTree
        tree[macs + "00:16:3e:12:e7:01/gateway"] = gateway
        await #expect {
            try await discover(FakeService(tree))
        } throws: { error in
            (error as? DiscoveryFailure)?.kind == .inconsistent && "\(error)".contains(gateway)
        }
    }

    @Test("without any of the keys that belong together is incomplete, never empty")
    func incomplete() async throws {
        for (tree, provider) in [
            (alibabaTree, AlibabaProvider() as any Provider), (tencentTree, TencentProvider()),
            (awsTree, AWSProvider()),
        ] {
            let complete = try await discover(FakeService(tree), by: provider)
            for key in tree.keys {
                let service = FakeService(tree.filter { $0.key != key })
                do {
                    let instance = try await discover(service, by: provider, timeout: .seconds(1))
                    // Comments, an own subnet's block beside its mask, or the family as a whole.
                    let isHarmless =
                        instance.interfaces.map(addresses) == complete.interfaces.map(addresses)
                        && instance.interfaces.map(gateways) == complete.interfaces.map(gateways)
                    #expect(isHarmless || key.hasSuffix("/ipv6s"), "\(key): \(instance)")
                } catch {
                    #expect(error.kind == .inconsistent, "\(key): \(error)")
                }
            }
        }
    }
}
