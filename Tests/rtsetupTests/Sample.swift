import DataPlane
import Netlink
import Plist

/// A plan with every kind of object, and the namespace it is for.
enum Sample {
    static let links = [
        Link(index: 11, name: "eth0", mac: MACAddress("00:16:3e:12:e7:00")),
        Link(index: 12, name: "eth1", mac: MACAddress("00:16:3e:12:e7:01")),
    ]

    /// Makes `links` in an empty namespace.
    static let setUp = """
        ip link set lo up
        ip link add eth0 index 11 address 00:16:3e:12:e7:00 type veth peer name p0
        ip link add eth1 index 12 address 00:16:3e:12:e7:01 type veth peer name p1
        for i in eth0 eth1 p0 p1; do
            sysctl -q -w net.ipv6.conf.$i.accept_dad=0
            ip link set $i up
        done
        # Without DAD too an address is tentative until a kernel thread has had its turn.
        for _ in $(seq 1000); do
            [ -z "$(ip -6 -o addr show tentative)" ] && break
            sleep 0.01
        done

        """

    static let changes: [Change] = objects.map { Change(.add($0), owner: 12) }

    static var objects: [KernelObject] {
        addresses.map { .address($0) } + routes.map { .route($0) } + rules.map { .rule($0) }
    }

    static var addresses: [InterfaceAddress] {
        [
            address("10.0.0.19", 24, on: 11),
            address("10.0.0.20", 24, metric: 1001),
            address("10.0.0.30", 24, metric: 1001, flags: [.secondary]),
            InterfaceAddress(
                interface: 12, address: parsed("10.9.0.1"), prefixLength: 32,
                peer: parsed("10.9.0.2"), label: AddressLabel("eth1:9")),
            address("10.4.0.1", 24, flags: [.noPrefixRoute]),
            address("2001:db8::20", 64, flags: [.noDAD]),
            address("2001:db8::21", 64, preferred: 0, flags: [.noDAD, .deprecated]),
        ]
    }

    static var routes: [Route] {
        var source = route("10.8.0.0/16", via: "10.0.0.254")
        source.preferredSource = parsed("10.0.0.20")
        source.mtu = 1400
        // Locked: the MTU (2), cwnd (7), advmss (8) and rto_min (13); a round trip of 37.5 ms; ECN.
        let numbers: [(type: UInt16, value: UInt32)] = [
            (1, 0x2184), (3, 5), (4, 300), (5, 80), (7, 9), (8, 1300), (11, 20), (12, 1),
            (13, 2000),
        ]
        let cubic = bytes(of: [UInt16(10), 16]) + Array("cubic".utf8) + [0, 0, 0]
        var measured = route("10.10.0.0/16", via: "10.0.0.254")
        measured.mtu = 1400
        measured.otherAttributes = [
            RawAttribute(
                type: 8,
                payload: numbers.flatMap { bytes(of: [8, $0.type]) + bytes(of: [$0.value]) }
                    + cubic)
        ]
        var measured6 = route("2001:db8:a::/48", via: "fe80::1", metric: 1024)
        measured6.mtu = 1400
        measured6.otherAttributes = [
            RawAttribute(type: 8, payload: bytes(of: [UInt16(8), 11]) + bytes(of: [UInt32(20)]))
        ]
        var service = route("10.8.0.0/16", via: "10.0.0.254", metric: 7)
        service.typeOfService = 0x10
        var paths = route("10.2.0.0/16", via: "10.0.0.253", dev: 11)
        paths.nextHops.append(
            NextHop(interface: 12, gateway: parsed("10.0.0.254"), weight: 3, isOnLink: true))
        var paths6 = route("2001:db8:8::/48", via: "fe80::1", metric: 1024, dev: 11)
        paths6.nextHops.append(NextHop(interface: 12, gateway: parsed("fe80::2"), weight: 2))
        return [
            route("0.0.0.0/0", via: "10.0.0.253"),
            route("0.0.0.0/0", via: "10.0.0.253", table: RouteTable.main, metric: 1001),
            route("10.7.0.0/16", via: "192.168.1.1", onLink: true),
            route("10.6.0.0/16", scope: .link),
            route("10.5.0.0/16"),
            route("10.5.1.1/32", scope: .host),
            route("10.1.0.0/16", via: "fe80::1"),
            source, measured, measured6, service, paths,
            Route(
                destination: prefix("10.4.0.0/16"), table: 1001, type: .unreachable,
                protocol: mark, metric: 5),
            Route(destination: prefix("10.3.0.0/16"), table: 1001, type: .throw, protocol: mark),
            route("::/0", via: "fe80::1", metric: 1024),
            route("2001:db8:6::/48", metric: 7),
            paths6,
        ]
    }

    static var rules: [Rule] {
        [
            Rule(
                family: .ipv4, priority: 20000, table: RouteTable.main, suppressPrefixLength: 0,
                suppressInterfaceGroup: 82, protocol: mark),
            Rule(
                family: .ipv4, priority: 20001, source: prefix("10.0.0.30/32"), table: 1001,
                protocol: mark),
            Rule(
                family: .ipv6, priority: 25001, source: prefix("2001:db8::/64"),
                incomingInterface: "lo", action: .unreachable, protocol: mark),
            Rule(
                family: .ipv4, priority: 5, source: prefix("10.0.0.0/24"),
                destination: prefix("1.2.3.4/32"), outgoingInterface: "eth1", firewallMark: 0x10,
                firewallMask: 0xFF, action: .blackhole, isInverted: true, protocol: mark),
            Rule(
                family: .ipv4, priority: 6, firewallMark: 1, firewallMask: .max, table: 253,
                protocol: mark, typeOfService: 0x10),
            Rule(
                family: .ipv4, priority: 7, table: 77, protocol: mark,
                otherAttributes: [
                    RawAttribute(type: 20, payload: bytes(of: [UInt32(1), 3])),
                    RawAttribute(type: 22, payload: [6]),
                    RawAttribute(type: 23, payload: bytes(of: [UInt16(10), 20])),
                    RawAttribute(type: 24, payload: bytes(of: [UInt16(5), 5])),
                ]),
            Rule(
                family: .ipv4, priority: 8, action: .goto, protocol: mark,
                otherAttributes: [RawAttribute(type: 4, payload: bytes(of: [UInt32(20001)]))]),
        ]
    }

    /// In host order, as the kernel gives them.
    private static func bytes(of numbers: [some FixedWidthInteger]) -> [UInt8] {
        numbers.withUnsafeBytes { Array($0) }
    }

    private static let mark = RouteProtocol(rawValue: 82)

    static func address(
        _ text: String, _ length: UInt8, on interface: InterfaceIndex = 12, metric: UInt32 = 0,
        preferred: UInt32 = InterfaceAddress.forever, flags: AddressFlags = []
    ) -> InterfaceAddress {
        InterfaceAddress(
            interface: interface, address: parsed(text), prefixLength: length, flags: flags,
            metric: metric, preferredLifetime: preferred)
    }

    static func route(
        _ destination: String, via gateway: String? = nil, table: UInt32 = 1001,
        scope: RouteScope = .global, metric: UInt32 = 0, dev: InterfaceIndex = 12,
        onLink: Bool = false
    ) -> Route {
        Route(
            destination: prefix(destination), table: table, scope: scope, protocol: mark,
            metric: metric,
            nextHops: [
                NextHop(interface: dev, gateway: gateway.map(parsed), isOnLink: onLink)
            ])
    }

    static func parsed(_ text: String) -> IPAddress { IPAddress(text) ?? .any(.ipv4) }
    static func prefix(_ text: String) -> IPPrefix { IPPrefix(text) ?? .default(.ipv4) }
}
