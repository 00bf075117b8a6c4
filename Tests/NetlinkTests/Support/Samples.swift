@testable import Netlink

/// One object of every shape, and the requests that make them.
enum Samples {
    static let addresses = [
        InterfaceAddress(
            interface: 3, address: ipv4(20), prefixLength: 24, broadcast: ipv4(255),
            label: AddressLabel("eth0:1"), scope: .link, flags: [.noDAD, .noPrefixRoute],
            protocol: 82,
            metric: 1001, preferredLifetime: 100, validLifetime: 200),
        InterfaceAddress(interface: 3, address: ipv4(20), prefixLength: 32, peer: ipv4(21)),
        InterfaceAddress(
            interface: 3, address: ipv6(20), prefixLength: 64, flags: .noDAD, protocol: 82,
            preferredLifetime: 0),
        InterfaceAddress(interface: 3, address: ipv6(20), prefixLength: 128, peer: ipv6(21)),
    ]

    static let routes = [
        Route(destination: .default(.ipv4), table: 1001, type: .unreachable, metric: 7),
        Route(
            destination: IPPrefix(ipv4(0), length: 24), table: 7, scope: .link,
            protocol: .static, preferredSource: ipv4(20),
            nextHops: [NextHop(interface: 3, isOnLink: true)], mtu: 1400, typeOfService: 16,
            otherAttributes: [RawAttribute(type: 11, payload: [1, 2, 3, 4])]),
        Route(
            destination: IPPrefix(ipv4(0), length: 24), table: 4_000_000_000,
            nextHops: [
                NextHop(interface: 3, gateway: ipv4(1), weight: 256),
                NextHop(
                    interface: 4, gateway: ipv6(1), isOnLink: true,
                    otherAttributes: [RawAttribute(type: 11, payload: [1, 2, 3, 4])]),
            ]),
        Route(
            destination: IPPrefix(ipv6(0), length: 64), metric: 1024,
            preferredSource: ipv6(20), nextHops: [NextHop(interface: 3, gateway: ipv6(1))],
            otherAttributes: [RawAttribute(type: 20, payload: [1])]),
    ]

    static let rules = [
        Rule(
            family: .ipv4, priority: 20000, table: 254, suppressPrefixLength: 0,
            suppressInterfaceGroup: 82, protocol: .static),
        Rule(
            family: .ipv6, priority: 20001, source: .host(ipv6(20)),
            destination: IPPrefix(ipv6(0), length: 64), incomingInterface: "lo",
            outgoingInterface: "eth0", firewallMark: 7, firewallMask: 0xFF, table: 1001,
            isInverted: true, typeOfService: 16,
            otherAttributes: [RawAttribute(type: 23, payload: [1, 0, 2, 0])]),
        Rule(family: .ipv4, priority: 25001, source: .host(ipv4(20)), action: .unreachable),
    ]

    /// Requests that add each, and the answers that a kernel gives.
    static var messages: [[UInt8]] {
        addresses.map { address in encoded { address.write(.add, to: &$0) } }
            + routes.map { route in encoded { route.write(.add, to: &$0) } }
            + rules.map { rule in encoded { rule.write(.add, to: &$0) } }
            + [link, refusal]
    }

    static func encoded(_ write: (inout MessageWriter) -> Void) -> [UInt8] {
        var writer = MessageWriter()
        write(&writer)
        return Array(writer.bytes(0..<writer.count))
    }

    static func ipv4(_ host: UInt128) -> IPAddress {
        IPAddress(family: .ipv4, bits: 0x0A00_0000 + host)
    }

    static func ipv6(_ host: UInt128) -> IPAddress {
        IPAddress(family: .ipv6, bits: 0x2001_0DB8 << 96 + host)
    }
}
