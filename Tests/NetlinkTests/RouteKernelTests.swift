import Netlink
import SystemPackage
import Testing

@Suite("routes in the kernel", .enabled(if: Namespace.isPermitted)) struct RouteKernelTests {
    @Test("IPv4 routes of all kinds come back as they were sent") func ipv4() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace.withAddresses()
            let eth0 = namespace.eth0
            let gateway = try address("10.0.0.253")
            let hop = NextHop(interface: eth0, gateway: gateway)
            var routes = [
                Route(destination: .default(.ipv4), nextHops: [hop]),
                Route(destination: .default(.ipv4), metric: 1001, nextHops: [hop], mtu: 1400),
                Route(
                    destination: try prefix("10.1.0.0/16"), scope: .link,
                    preferredSource: try address("10.0.0.20"),
                    nextHops: [NextHop(interface: eth0)]),
                Route(
                    destination: try prefix("10.2.0.0/16"),
                    nextHops: [
                        NextHop(
                            interface: eth0, gateway: try address("192.0.2.1"), isOnLink: true)
                    ]),
                Route(
                    destination: try prefix("10.3.0.0/16"),
                    nextHops: [
                        NextHop(interface: eth0, gateway: gateway, weight: 3),
                        NextHop(
                            interface: namespace.eth1, gateway: try address("192.0.2.1"),
                            weight: 256, isOnLink: true),
                    ]),
                Route(
                    destination: try prefix("10.4.0.0/16"),
                    nextHops: [NextHop(interface: eth0, gateway: try address("2001:db8::ff"))]),
                Route(
                    destination: try prefix("10.5.0.0/16"), nextHops: [hop], typeOfService: 0x10),
            ]
            for type in [RouteType.blackhole, .unreachable, .prohibit, .throw] {
                let destination = IPAddress(
                    family: .ipv4, bits: 0x0B00_0000 + UInt128(type.rawValue) << 8)
                routes.append(
                    Route(
                        destination: IPPrefix(destination, length: 24), type: type, metric: 5))
            }
            try namespace.checkRoundTrip(&routes)
        }
    }

    @Test("IPv6 routes of all kinds come back as they were sent") func ipv6() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace.withAddresses()
            let eth0 = namespace.eth0
            let gateway = try address("2001:db8::ff")
            let hop = NextHop(interface: eth0, gateway: gateway)
            var routes = [
                Route(destination: .default(.ipv6), metric: 1024, nextHops: [hop]),
                Route(destination: .default(.ipv6), metric: 2025, nextHops: [hop], mtu: 1400),
                Route(
                    destination: try prefix("2001:db8:1::/48"), metric: 1024,
                    preferredSource: try address("2001:db8::20"),
                    nextHops: [NextHop(interface: eth0)]),
                Route(
                    destination: try prefix("2001:db8:2::/48"), metric: 1024,
                    nextHops: [
                        NextHop(
                            interface: eth0, gateway: try address("2001:db8:f::1"),
                            isOnLink: true)
                    ]),
                Route(
                    destination: try prefix("2001:db8:3::/48"), metric: 1024,
                    nextHops: [
                        hop,
                        NextHop(
                            interface: eth0, gateway: try address("2001:db8::fe"), weight: 7),
                    ]),
                Route(
                    destination: try prefix("2001:db8:4::/48"), metric: 1024, nextHops: [hop],
                    lifetime: RemainingLifetime(seconds: 300)),
            ]
            for type in [RouteType.blackhole, .unreachable, .prohibit, .throw] {
                let destination = try address("2001:db8:100::").bits + UInt128(type.rawValue) << 16
                routes.append(
                    Route(
                        destination: IPPrefix(
                            IPAddress(family: .ipv6, bits: destination), length: 112), type: type,
                        metric: 5))
            }
            try namespace.checkRoundTrip(&routes)
        }
    }

    @Test("what is not modelled is carried along: metrics, preference, nexthop ids")
    func carriedAlong() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace.withAddresses()
            try ip("nexthop add id 7 via 10.0.0.253 dev eth0")
            for words in [
                "10.1.0.0/16 via 10.0.0.253 table 7 mtu lock 1400 advmss 1300 initcwnd 20",
                "10.2.0.0/16 nhid 7 table 7",
                "10.3.0.0/16 dev eth0 table 7 realm 5",
                "10.4.0.0/16 table 7 congctl cubic via 10.0.0.253",
            ] { try ip("route add \(words)") }
            for words in [
                "2001:db8:1::/48 via 2001:db8::ff dev eth0 table 7 pref high",
                "2001:db8:2::/48 via 2001:db8::ff dev eth0 table 7 expires 300",
                "2001:db8:3::/48 from 2001:db8::/32 via 2001:db8::ff dev eth0 table 7",
            ] { try ip("-6 route add \(words)") }
            for family in AddressFamily.allCases {
                let command = "-d -\(family == .ipv4 ? "4" : "6") route show table 7"
                let text = try ip(command)
                let routes = try namespace.routes(family, table: 7)
                try namespace.send { batch in routes.forEach { batch.remove($0) } }
                #expect(try namespace.routes(family, table: 7).isEmpty)
                try namespace.send { batch in routes.forEach { batch.add($0) } }
                expectSame(try namespace.routes(family, table: 7), routes)
                #expect(try ip(command).withoutCountdown == text.withoutCountdown)
            }
            let expiring = try namespace.routes(.ipv6, table: 7).compactMap(\.lifetime)
            #expect(expiring.count == 1)
            #expect(expiring.allSatisfy { (290...300).contains($0.seconds) })
        }
    }

    @Test("the kernel's own words come along") func words() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace.withAddresses()
            let route = Route(
                destination: try prefix("10.8.0.0/16"),
                nextHops: [
                    NextHop(interface: namespace.eth0, gateway: try address("192.0.2.1"))
                ])
            let refusal = try namespace.refusal { $0.add(route) }
            #expect(refusal.error.errno == .networkUnreachable)
            #expect(refusal.error.message == "Nexthop has invalid gateway")
            #expect(refusal.error.operation == "add route")
        }
    }

    @Test("a delete takes the route that it names, and no twin of it") func exactDelete() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace.withAddresses()
            let hop = NextHop(interface: namespace.eth0, gateway: try address("10.0.0.253"))
            let hop6 = NextHop(interface: namespace.eth0, gateway: try address("2001:db8::ff"))
            let keep = [
                Route(destination: .default(.ipv4), table: 7, metric: 1, nextHops: [hop]),
                Route(
                    destination: .default(.ipv4), table: 7, type: .unreachable, metric: 3),
            ]
            let keep6 = [
                Route(
                    destination: .default(.ipv6), table: 7, protocol: .boot, metric: 1,
                    nextHops: [hop6]),
                Route(
                    destination: .default(.ipv6), table: 7, protocol: .boot, metric: 2,
                    nextHops: [hop6]),
            ]
            let reject6 = Route(
                destination: .default(.ipv6), table: 7, type: .unreachable, metric: 2)
            try namespace.send { batch in
                for route in keep + keep6 { batch.add(route) }
            }
            var other = keep[0]
            other.metric = 2
            try namespace.send { batch in
                batch.add(other)
                batch.remove(other)
            }
            expectSame(try namespace.routes(.ipv4, table: 7), keep)
            // The same destination and metric, with another way out.
            let refusal = try namespace.refusal { $0.remove(reject6) }
            #expect(refusal.error.errno == .noSuchProcess)
            expectSame(try namespace.routes(.ipv6, table: 7), keep6)
        }
    }

    @Test("a replaced route keeps its place and takes the new path") func replace() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace.withAddresses()
            for (family, text) in [(AddressFamily.ipv4, "10.0.0."), (.ipv6, "2001:db8::")] {
                var route = Route(
                    destination: .default(family), table: 7, metric: 10,
                    nextHops: [
                        NextHop(interface: namespace.eth0, gateway: try address(text + "253"))
                    ])
                try namespace.send { $0.add(route) }
                route.nextHops[0].gateway = try address(text + "252")
                route.protocol = RouteProtocol(rawValue: 82)
                try namespace.send { $0.replace(route) }
                expectSame(try namespace.routes(family, table: 7), [route])
            }
        }
    }
}

extension Namespace {
    /// 10.0.0.20/24 and 2001:db8::20/64 on eth0.
    fileprivate static func withAddresses() throws -> Namespace {
        let namespace = try Namespace()
        let addresses = [
            InterfaceAddress(
                interface: namespace.eth0, address: try address("10.0.0.20"), prefixLength: 24),
            InterfaceAddress(
                interface: namespace.eth0, address: try address("2001:db8::20"),
                prefixLength: 64, flags: .noDAD),
        ]
        try namespace.send { batch in addresses.forEach { batch.add($0) } }
        return namespace
    }

    /// Adds routes to a table of their own, looks, and deletes them.
    fileprivate func checkRoundTrip(_ routes: inout [Route]) throws {
        for index in routes.indices {
            routes[index].table = 1001
            routes[index].protocol = RouteProtocol(rawValue: 82)
        }
        let family = routes.first?.family ?? .ipv4
        try send { batch in routes.forEach { batch.add($0) } }
        var seen = try self.routes(family, table: 1001)
        let order = { (a: Route, b: Route) in
            a.destination == b.destination ? a.metric < b.metric : a.destination < b.destination
        }
        seen.sort(by: order)
        routes.sort(by: order)
        expectSame(seen, routes)
        #expect(
            seen.compactMap(\.lifetime?.seconds) == routes.compactMap(\.lifetime?.seconds))
        try send { batch in seen.forEach { batch.remove($0) } }
        expectSame(try self.routes(family, table: 1001), [])
    }
}

extension String {
    /// `expires 299sec` counts while a test looks on.
    fileprivate var withoutCountdown: String {
        split(separator: " ").filter { !$0.hasSuffix("sec") }.joined(separator: " ")
    }
}
