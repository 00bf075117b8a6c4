import Netlink
import SystemPackage
import Testing

@Suite("links in the kernel", .enabled(if: Namespace.isPermitted)) struct LinkKernelTests {
    @Test("a link is seen as ip describes it") func seen() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace()
            try ip("link set eth0 address 02:00:00:00:00:01 group 82 mtu 1400")
            try ip("link property add dev eth0 altname one altname two")
            try ip("link add br0 type bridge")
            try ip("link set eth1 master br0")
            let links = try namespace.socket.links()
            #expect(links.count == 6)
            let eth0 = try #require(links.first { $0.name == "eth0" })
            #expect(eth0.alternativeNames == ["one", "two"])
            #expect(eth0.mac == MACAddress("02:00:00:00:00:01"))
            #expect(eth0.permanentMAC == nil)
            #expect(eth0.group == 82)
            #expect(eth0.mtu == 1400)
            #expect(eth0.minimumMTU == 68)
            #expect(eth0.maximumMTU == 65535)
            #expect(eth0.kind == "veth")
            #expect(eth0.isUp)
            #expect(eth0.master == nil)
            let bridge = try #require(links.first { $0.name == "br0" })
            #expect(bridge.kind == "bridge")
            #expect(links.first { $0.name == "eth1" }?.master == bridge.index)
            let lo = try #require(links.first { $0.name == "lo" })
            #expect(lo.isLoopback)
            #expect(lo.mac == nil)
            #expect(lo.kind == nil)
        }
    }

    @Test("one setting changes, and nothing beside it") func settings() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace()
            try ip("link set eth0 promisc on multicast off")
            let index = namespace.eth0
            var wanted = try namespace.link(index)
            try namespace.send { $0.setMTU(1400, of: index) }
            wanted.mtu = 1400
            #expect(try namespace.link(index) == wanted)
            try namespace.send { $0.setGroup(82, of: index) }
            wanted.group = 82
            #expect(try namespace.link(index) == wanted)
            try namespace.send { $0.setUp(false, of: index) }
            #expect(try !namespace.link(index).isUp)
            try namespace.send { $0.setUp(true, of: index) }
            #expect(try namespace.link(index) == wanted)
        }
    }

    @Test("an MTU above the device's is refused in the kernel's words") func tooLarge() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace()
            let refusal = try namespace.refusal { $0.setMTU(70_000, of: namespace.eth0) }
            #expect(refusal.index == 0)
            #expect(refusal.error.errno == .invalidArgument)
            #expect(refusal.error.message == "mtu greater than device maximum")
            #expect(refusal.error.operation == "set link")
        }
    }

    @Test("two namespaces have two cookies") func cookies() async {
        await #expect(processExitsWith: .success) {
            let outside = try NetlinkSocket().namespaceCookie
            let namespace = try Namespace()
            #expect(namespace.socket.namespaceCookie != nil)
            #expect(namespace.socket.namespaceCookie != outside)
        }
    }
}

extension Namespace {
    fileprivate func link(_ index: InterfaceIndex) throws -> Link {
        try #require(try socket.links().first { $0.index == index })
    }
}
