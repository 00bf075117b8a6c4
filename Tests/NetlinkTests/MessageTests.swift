import CNL
import Testing

@testable import Netlink

@Suite("messages") struct MessageTests {
    @Test("what is written is what is read") func roundTrip() throws {
        for address in Samples.addresses {
            let bytes = Samples.encoded { address.write(.add, to: &$0) }
            #expect(try decode(bytes) { try InterfaceAddress($0, names: [:]) } == address)
        }
        for route in Samples.routes {
            let bytes = Samples.encoded { route.write(.add, to: &$0) }
            #expect(try decode(bytes) { try Route($0) } == route)
        }
        for rule in Samples.rules {
            let bytes = Samples.encoded { rule.write(.add, to: &$0) }
            #expect(try decode(bytes) { try Rule($0) } == rule)
        }
    }

    @Test("a label that is the interface's name is none") func label() throws {
        let address = Samples.addresses[0]
        let bytes = Samples.encoded { address.write(.add, to: &$0) }
        let seen = try decode(bytes) {
            try InterfaceAddress($0, names: [3: AddressLabel("eth0:1")])
        }
        #expect(seen?.label == nil)
    }

    @Test("a request never asks for the state of an address") func stateFlags() throws {
        var address = Samples.addresses[2]
        address.flags = [.secondary, .tentative, .dadFailed, .deprecated, .permanent, .noDAD]
        let bytes = Samples.encoded { address.write(.replace, to: &$0) }
        #expect(try decode(bytes) { try InterfaceAddress($0, names: [:]) }?.flags == .noDAD)
    }

    @Test("link up and down touch one flag") func ifiChange() throws {
        for up in [true, false] {
            let bytes = Samples.encoded { LinkChange.up(up).write(3, to: &$0) }
            let header = try decode(bytes) { try $0.fixed(ifinfomsg.self) }
            #expect(header?.ifi_change == 1)
            #expect(header?.ifi_flags == (up ? 1 : 0))
        }
    }

    @Test("the table local and cached routes are passed over") func passedOver() throws {
        var local = Samples.routes[1]
        local.table = RouteTable.local
        var cached = Samples.routes[1]
        cached.flags = UInt32(RTM_F_CLONED)
        for route in [local, cached] {
            let bytes = Samples.encoded { route.write(.add, to: &$0) }
            #expect(try decode(bytes) { try Route($0) } == nil)
        }
    }

    @Test("a link's noughts are nothing") func link() throws {
        let link = try decode(Samples.link) { try Link($0) }
        #expect(link?.mac == MACAddress(bits: 0x0200_0000_0001))
        #expect(link?.permanentMAC == nil)
        #expect(link?.alternativeNames == ["one"])
        #expect(link?.kind == "veth")
    }

    @Test(
        "a carrier is waited for where it is there and nobody was told",
        arguments: [
            (0x1_0003, true), (0x1_0043, false), (0x3, false), (0x3_0003, false),
            (0x1_0002, false),
        ])
    func carrier(flags: UInt32, isAwaited: Bool) {
        let link = Link(index: 2, name: "eth0", flags: flags)
        #expect(link.isBecomingRunning == isAwaited)
    }

    @Test("a message too long for its lengths is refused before it is sent") func tooLong() throws {
        var route = Samples.routes[2]
        route.nextHops = Array(repeating: route.nextHops[0], count: 5000)
        var batch = Batch()
        batch.add(Samples.routes[1])
        batch.add(route)
        #expect(batch.range(of: 1..<2).count > UInt16.max)
        #expect(batch.range(of: 0..<2).count == batch.writer.count)
        #expect(batch.operation(of: 1) == "add route")
    }
}

func decode<Value>(
    _ bytes: [UInt8], _ body: (Message) throws -> Value?
) throws -> Value? {
    try bytes.withUnsafeBytes { bytes in
        var reader = MessageReader(bytes)
        return try reader.next().flatMap(body)
    }
}
