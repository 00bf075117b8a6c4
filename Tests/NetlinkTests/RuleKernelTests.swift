import Netlink
import SystemPackage
import Testing

@Suite("rules in the kernel", .enabled(if: Namespace.isPermitted)) struct RuleKernelTests {
    @Test("rules with every selector come back as they were sent", arguments: ["4", "6"])
    func roundTrip(family: String) async {
        await #expect(processExitsWith: .success) { [family] in
            let namespace = try Namespace()
            let (family, block) =
                family == "4"
                ? (AddressFamily.ipv4, try prefix("10.0.0.0/8"))
                : (.ipv6, try prefix("2001:db8::/32"))
            let rules = [
                Rule(
                    family: family, priority: 20000, table: RouteTable.main,
                    suppressPrefixLength: 0, suppressInterfaceGroup: 82),
                Rule(family: family, priority: 20001, source: .host(block.address), table: 1001),
                Rule(
                    family: family, priority: 20002, source: block, incomingInterface: "lo",
                    table: 4_000_000_000),
                Rule(
                    family: family, priority: 20003, destination: block,
                    outgoingInterface: "eth1", table: 7, isInverted: true, typeOfService: 0x10),
                Rule(family: family, priority: 20004, firewallMark: 7, table: 7),
                Rule(
                    family: family, priority: 20005, firewallMark: 7, firewallMask: 0xFF,
                    table: 7),
                Rule(
                    family: family, priority: 20006, firewallMark: 0, firewallMask: 0xFF,
                    table: 7),
                Rule(family: family, priority: 20007, source: block, action: .unreachable),
                Rule(family: family, priority: 20008, source: block, action: .blackhole),
                Rule(family: family, priority: 20009, source: block, action: .prohibit),
                Rule(family: family, priority: 20010, incomingInterface: "gone", table: 7),
                Rule(family: family, priority: 20011, firewallMark: 0, table: 7),
            ].map { $0.owned }
            try namespace.send { batch in rules.forEach { batch.add($0) } }
            expectSame(try namespace.added(family), rules)
            let refusal = try namespace.refusal { $0.add(rules[0]) }
            #expect(refusal.error.errno == .fileExists)
            try namespace.send { batch in rules.forEach { batch.remove($0) } }
            expectSame(try namespace.added(family), [])
        }
    }

    @Test("what is not modelled is carried along, and deleted with it") func carriedAlong() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace()
            for words in [
                "priority 1000 from 10.0.0.1 ipproto tcp sport 1-10 dport 443 lookup 7",
                "priority 1001 from 10.0.0.1 uidrange 0-100 lookup 7",
                "priority 1002 goto 1003", "priority 1003 l3mdev protocol kernel",
                "priority 1004 tun_id 7 lookup 7", "priority 1005 realms 3/4 lookup 7",
            ] { try ip("rule add \(words)") }
            let text = try ip("-d rule show")
            let rules = try namespace.added(.ipv4)
            #expect(rules.allSatisfy { !$0.otherAttributes.isEmpty })
            try namespace.send { batch in rules.forEach { batch.remove($0) } }
            expectSame(try namespace.added(.ipv4), [])
            try namespace.send { batch in rules.reversed().forEach { batch.add($0) } }
            expectSame(try namespace.added(.ipv4), rules)
            #expect(try ip("-d rule show") == text)
        }
    }

    @Test("a delete takes the rule of its own protocol") func exactDelete() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace()
            let foreign = Rule(
                family: .ipv4, priority: 20001, source: try prefix("10.0.0.1/32"), table: 7,
                protocol: .boot)
            let own = foreign.owned
            try namespace.send { batch in
                batch.add(foreign)
                batch.add(own)
                batch.remove(own)
            }
            expectSame(try namespace.added(.ipv4), [foreign])
        }
    }
}

extension Namespace {
    /// All rules but the kernel's own.
    fileprivate func added(_ family: AddressFamily) throws -> [Rule] {
        try socket.rules(family).filter { $0.priority != 0 && $0.priority < 32766 }
    }
}

extension Rule {
    fileprivate var owned: Rule {
        var copy = self
        copy.protocol = RouteProtocol(rawValue: 82)
        return copy
    }
}
