import Netlink
import Testing

@testable import DataPlane

/// Expected words are those of iproute2 6.1 for the same object.
struct DescriptionTests {
    static let names = InterfaceNames(of: [
        Link(index: 2, name: "eth0"), Link(index: 3, name: "eth1"),
    ])

    @Test(
        "a route reads as in ip route show, without its heading's device",
        arguments: [
            (
                "default via 10.0.0.253 table 1001",
                route("0.0.0.0/0", table: 1001, via: "10.0.0.253")
            ),
            (
                "default via 10.0.0.253 metric 1001",
                route("0.0.0.0/0", metric: 1001, via: "10.0.0.253")
            ),
            ("default via fe80::1 table 7", route("::/0", table: 7, metric: 1024, via: "fe80::1")),
            ("default via fe80::1 metric 2025", route("::/0", metric: 2025, via: "fe80::1")),
            (
                "10.7.0.0/16 via 192.168.1.1 table 7 onlink",
                route("10.7.0.0/16", table: 7, via: "192.168.1.1", onLink: true)
            ),
            ("10.6.0.0/16 scope link", route("10.6.0.0/16", scope: .link)),
            ("10.5.0.0/16", route("10.5.0.0/16", scope: .global)),
            ("10.1.1.1 dev eth0 scope host", route("10.1.1.1/32", scope: .host, dev: 2)),
            ("10.1.0.0/16 via inet6 fe80::1", route("10.1.0.0/16", via: "fe80::1")),
            ("10.9.0.0/16 via 10.0.0.1 dev if9", route("10.9.0.0/16", via: "10.0.0.1", dev: 9)),
        ])
    func routeWords(text: String, route: Route) {
        #expect(KernelObject.route(route).description(names: Self.names, under: 3) == text)
    }

    @Test("source, MTU, type and every hop of a route are said")
    func routeAttributes() throws {
        var route = Self.route("10.8.0.0/16", table: 7, via: "10.0.0.254")
        route.preferredSource = IPAddress("10.0.0.20")
        route.mtu = 1400
        route.typeOfService = 0x10
        #expect(
            text(.route(route))
                == "10.8.0.0/16 tos 0x10 via 10.0.0.254 dev eth1 table 7 src 10.0.0.20 mtu 1400")

        route = Self.route("10.2.0.0/16", table: 7, via: "10.0.0.253", dev: 2)
        route.nextHops.append(
            NextHop(interface: 3, gateway: IPAddress("10.0.0.254"), weight: 3, isOnLink: true))
        #expect(
            text(.route(route)) == "10.2.0.0/16 table 7 nexthop via 10.0.0.253 dev eth0 weight 1 "
                + "nexthop via 10.0.0.254 dev eth1 weight 3 onlink")

        let reject = Route(
            destination: try #require(IPPrefix("10.4.0.0/16")), type: .unreachable, metric: 5)
        #expect(text(.route(reject)) == "unreachable 10.4.0.0/16 metric 5")
    }

    @Test(
        "a rule reads as in ip rule show",
        arguments: [
            (
                "20000: from all lookup main suppress_prefixlength 0 suppress_ifgroup 82",
                Rule(
                    family: .ipv4, priority: 20000, table: 254, suppressPrefixLength: 0,
                    suppressInterfaceGroup: 82, protocol: RouteProtocol(rawValue: 82))
            ),
            (
                "20001: from 10.0.0.30 lookup 1001",
                Rule(family: .ipv4, priority: 20001, source: IPPrefix("10.0.0.30/32"), table: 1001)
            ),
            (
                "25001: from 2001:db8::/64 iif lo unreachable",
                Rule(
                    family: .ipv6, priority: 25001, source: IPPrefix("2001:db8::/64"),
                    incomingInterface: "lo", action: .unreachable)
            ),
            (
                "5: not from 10.0.0.0/24 to 1.2.3.4 fwmark 0x10/0xff oif eth1 blackhole",
                Rule(
                    family: .ipv4, priority: 5, source: IPPrefix("10.0.0.0/24"),
                    destination: IPPrefix("1.2.3.4/32"), outgoingInterface: "eth1",
                    firewallMark: 0x10, firewallMask: 0xFF, action: .blackhole, isInverted: true)
            ),
            (
                "5: from all fwmark 0x0/0xffffffff lookup 7",
                Rule(family: .ipv4, priority: 5, firewallMark: 0, table: 7)
            ),
            (
                "6: from all tos 0x10 fwmark 0x1 lookup default",
                Rule(
                    family: .ipv4, priority: 6, firewallMark: 1, firewallMask: .max, table: 253,
                    typeOfService: 0x10)
            ),
        ])
    func ruleWords(text: String, rule: Rule) {
        #expect(self.text(.rule(rule)) == text)
    }

    @Test("an address says its peer, and when no source is chosen from it")
    func address() throws {
        var address = InterfaceAddress(
            interface: 3, address: try #require(IPAddress("10.0.0.30")), prefixLength: 24,
            protocol: 82, metric: 1001)
        #expect(text(.address(address)) == "10.0.0.30/24")
        address.peer = IPAddress("10.0.0.31")
        #expect(text(.address(address)) == "10.0.0.30 peer 10.0.0.31/24")
        address.preferredLifetime = 0
        #expect(text(.address(address)) == "10.0.0.30 peer 10.0.0.31/24 preferred_lft 0")
    }

    @Test("a change in place shows both sides of what changes, and nothing that is noise")
    func replacement() throws {
        let old = Self.route("10.8.0.0/16", table: 7, via: "10.0.0.254")
        var new = Self.route("10.8.0.0/16", table: 7, via: "10.0.0.253", onLink: true)
        #expect(
            text(.replace(.route(old), with: .route(new)))
                == "10.8.0.0/16 via 10.0.0.254 -> 10.0.0.253 table 7 onlink off -> on")
        new = old
        new.protocol = RouteProtocol(rawValue: 82)
        #expect(
            text(.replace(.route(old), with: .route(new)))
                == "10.8.0.0/16 via 10.0.0.254 table 7 proto unspec -> 82")
        new = old
        new.mtu = 1400
        #expect(
            text(.replace(.route(new), with: .route(old)))
                == "10.8.0.0/16 via 10.0.0.254 table 7 mtu 1400 -> none")

        let mark = InterfaceAddress(
            interface: 3, address: try #require(IPAddress("10.0.0.30")), prefixLength: 24)
        var marked = mark
        marked.protocol = 82
        #expect(
            text(.replace(.address(mark), with: .address(marked))) == "10.0.0.30/24 proto 0 -> 82")
    }

    @Test("settings show their old and new value; up and down need no old one")
    func settings() {
        func setting(_ value: LinkSetting.Value) -> KernelObject {
            .link(LinkSetting(interface: 3, value))
        }
        func sysctl(_ value: String) -> KernelObject {
            .sysctl(SysctlSetting(name: .interface("eth1.5", "ipv4", "rp_filter"), value: value))
        }
        #expect(
            text(.replace(setting(.mtu(1500)), with: setting(.mtu(9001)))) == "mtu 1500 -> 9001")
        #expect(text(.replace(setting(.group(0)), with: setting(.group(82)))) == "group 0 -> 82")
        #expect(text(.replace(setting(.up(false)), with: setting(.up(true)))) == "up")
        #expect(text(.replace(setting(.up(true)), with: setting(.up(false)))) == "down")
        #expect(
            text(.replace(sysctl("1"), with: sysctl("2")))
                == "net.ipv4.conf.eth1/5.rp_filter 1 -> 2")
    }

    private func text(_ object: KernelObject) -> String { object.description(names: Self.names) }

    private func text(_ action: Change.Action) -> String {
        Change(action).description(names: Self.names, under: 3)
    }

    static func route(
        _ destination: String, table: UInt32 = 254, scope: RouteScope = .global,
        metric: UInt32 = 0, via gateway: String? = nil, dev: InterfaceIndex = 3,
        onLink: Bool = false
    ) -> Route {
        Route(
            destination: IPPrefix(destination) ?? .default(.ipv4), table: table, scope: scope,
            metric: metric,
            nextHops: [
                NextHop(
                    interface: dev, gateway: gateway.flatMap { IPAddress($0) }, isOnLink: onLink)
            ])
    }
}
