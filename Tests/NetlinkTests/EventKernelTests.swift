import CNL
import Glibc
import SystemPackage
import Testing

@testable import Netlink

@Suite("events of the kernel", .enabled(if: Namespace.isPermitted)) struct EventKernelTests {
    @Test("links, addresses, routes, rules and settings are told, and who asked") func kinds() async
    {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace()
            let events = try EventSocket()
            try ip("addr add 10.0.0.20/24 dev eth0")
            try ip("rule add from 10.0.0.20 lookup 1001 protocol 82")
            try ip("route add default via 10.0.0.253 table 1001 proto 82")
            try ip("link set eth1 group 7")
            try ip("rule del from 10.0.0.20 lookup 1001 protocol 82")
            let seen = try events.all()
            let address = try #require(seen.first { $0.subject == .address })
            #expect(address.interface == namespace.eth0)
            #expect(address.address?.description == "10.0.0.20")
            let route = try #require(seen.first { $0.subject == .route && $0.table == 1001 })
            #expect(route.protocol?.rawValue == 82 && route.isDefaultRoute && !route.isRemoval)
            #expect(route.interface == namespace.eth0)
            let link = try #require(seen.first { $0.subject == .link })
            #expect(link.interface == namespace.eth1 && link.isUp && link.group == 7)
            let rules = seen.filter { $0.subject == .rule }
            #expect(rules.map(\.isRemoval) == [false, true])
            #expect(rules.allSatisfy { $0.requester != 0 && $0.protocol?.rawValue == 82 })
            #expect(rules.allSatisfy { $0.table == 1001 && $0.address == address.address })
            #expect(seen.allSatisfy { $0.table != RouteTable.local })
            let file = try FileDescriptor.open(
                "/proc/sys/net/ipv4/conf/eth0/rp_filter", .writeOnly)
            _ = try file.writeAll("2".utf8)
            #expect(try events.all().map(\.subject) == [.configuration])
        }
    }

    @Test("a replaced route says so") func replacement() async {
        await #expect(processExitsWith: .success) {
            _ = try Namespace()
            try ip("addr add 10.0.0.20/24 dev eth0")
            try ip("route add 10.9.0.0/16 via 10.0.0.1 table 7 proto 82")
            let events = try EventSocket()
            try ip("route replace 10.9.0.0/16 via 10.0.0.2 table 7 proto 186")
            let event = try #require(try events.all().first)
            #expect(event.isReplacement && !event.isRemoval)
            #expect(event.protocol?.rawValue == 186)
        }
    }

    @Test("what is left out is neither told nor counted, and all else is") func filter() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace()
            try ip("addr add 10.0.0.20/24 dev eth0")
            let events = try EventSocket()
            try events.leaveOut(
                requestsOf: namespace.socket.portID, daemonsOutside: [1001, 4_000_000_000])
            let rule = Rule(family: .ipv4, priority: 7, table: 7)
            try namespace.send { $0.add(rule) }
            for table in ["main", "7", "100", "5000", "4000000001"] {
                for family in ["-4 10.9.0.0/16 via 10.0.0.1", "-6 2001:db8::/32"] {
                    let words = family.split(separator: " ", maxSplits: 1)
                    for verb in ["add", "del"] {
                        try ip(
                            "\(words[0]) route \(verb) \(words[1]) dev eth0 table \(table) proto 186"
                        )
                    }
                }
            }
            #expect(try events.all() == [])

            try ip("rule add from 10.0.0.20 lookup 1001")
            try ip("route add 10.9.0.0/16 via 10.0.0.1 table 1001 proto 186")
            try ip("-6 route add 2001:db8::/32 dev eth0 table 4000000000 proto 186")
            try ip("route add default via 10.0.0.1 proto 186")
            try ip("route add 10.9.0.0/16 via 10.0.0.1 proto static")
            try ip("route replace 10.9.0.0/16 via 10.0.0.2 proto 186")
            try ip("addr add 10.0.0.21/24 dev eth0")
            let seen = try events.all()
            #expect(
                seen.map(\.subject) == [.rule, .route, .route, .route, .route, .route, .address])
            #expect(seen.compactMap(\.table) == [1001, 1001, 4_000_000_000, 254, 254, 254])

            try events.leaveOut(requestsOf: 1, daemonsOutside: nil)
            try namespace.send { $0.remove(rule) }
            try ip("route add 10.8.0.0/16 via 10.0.0.1 proto 186")
            #expect(try events.all().count == 2)
            let many = Set((1...5000).map(UInt32.init))
            try events.leaveOut(requestsOf: 1, daemonsOutside: many)
            try ip("route add 10.7.0.0/16 via 10.0.0.1 table 9999 proto 186")
            #expect(try events.all().count == 1)
        }
    }

    @Test("lost events are told as lost") func loss() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace()
            let events = try EventSocket()
            var size: Int32 = 4096
            #expect(
                setsockopt(
                    events.descriptor, SOL_SOCKET, SO_RCVBUF, &size,
                    socklen_t(MemoryLayout<Int32>.size)) == 0)
            try namespace.send { batch in
                for priority in 1...200 {
                    batch.add(Rule(family: .ipv4, priority: UInt32(priority), table: 7))
                }
            }
            #expect(try events.read { _ in })
            #expect(try !events.read { _ in })
        }
    }
}

extension EventSocket {
    /// All there is, which the kernel queues before it answers whoever asked; netconf and link
    /// events of other moments apart.
    fileprivate func all() throws -> [KernelEvent] {
        var found: [KernelEvent] = []
        let isLost = try read { found.append($0) }
        #expect(!isLost)
        return found
    }
}
