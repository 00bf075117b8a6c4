import DataPlane
import Netlink
import Testing

@testable import Import

@Suite("The words of other tools") struct WordsTests {
    private let origin = Origin(nil, "")
    private let tables: TableNames = {
        var tables = TableNames()
        tables.add("eni1", 1001)
        return tables
    }()

    @Test(
        "of a shell are split, and nothing is evaluated",
        arguments: [
            ("ip route add default", ["ip", "route", "add", "default"]),
            ("a 'b c' \"d\\\"e\" f\\ g", ["a", "b c", "d\"e", "f g"]),
            ("a # b", ["a"]), ("a#b", ["a#b"]), ("'' \"\"", ["", ""]),
            ("a >/dev/null 2>&1", ["a"]), ("a 2>/dev/null b", ["a", "b"]),
            ("a; b && c || true", ["a", ";", "b", "&&", "c", "||", "true"]),
            ("echo a$", ["echo", "a$"]), ("$IFACE ${IFACE}", ["eth1", "eth1"]),
            ("a|b&", ["a", "|", "b", "&"]),
        ])
    func shell(text: String, words: [String]) throws {
        let tokens = try ShellWords.tokens(of: text, variables: ["IFACE": "eth1"])
        let found = tokens.map { token in
            switch token {
            case .word(let word), .control(let word): word
            }
        }
        #expect(found == words)
    }

    @Test(
        "that need a shell are refused",
        arguments: [
            "$(ip route)", "`ip route`", "\"$X\"", "${X:-1}", "$1", "a$((1+1))", "\"`x`\"",
            "a > $(x)", "${IFACE", "$IFACE_2",
        ])
    func evaluation(text: String) {
        #expect(throws: ShellWords.Problem.needsEvaluation) {
            try ShellWords.tokens(of: text, variables: ["IFACE": "eth1"])
        }
    }

    @Test(
        "of ip route become routes",
        arguments: [
            ("default via 10.0.0.253 dev eth1 table 1001", "0.0.0.0/0 10.0.0.253 eth1 1001"),
            ("default via fe80::1%eth1 dev eth1", "::/0 fe80::1 eth1 254"),
            ("10.8.0.0/16 via 10.0.0.1 tab 7 met 5", "10.8.0.0/16 10.0.0.1 - 7 5"),
            ("via 10.0.0.1", "0.0.0.0/0 10.0.0.1 - 254"),
            ("10.8/16 dev eth1", "10.8.0.0/16 - eth1 254"),
            ("unicast 10.8.0.0/16 via 10.0.0.1 metric 0x10", "10.8.0.0/16 10.0.0.1 - 254 16"),
            (
                "to 10.8.0.5 via inet 10.0.0.1 table eni1 pref 5 proto static",
                "10.8.0.5/32 10.0.0.1 - 1001"
            ),
            ("default table main via 10.0.0.1 onlink mtu lock 1400", "0.0.0.0/0 10.0.0.1 - 254"),
        ])
    func routes(text: String, expected: String) throws {
        let (route, _) = try RouteWords.read(text.blankSeparated, tables: tables, origin: origin)
        var words = [
            "\(route.destination)", route.gateway.map { "\($0)" } ?? "-",
            route.hops.first?.device ?? "-", "\(route.table)",
        ]
        if let metric = route.metric { words.append("\(metric)") }
        #expect(words.joined(separator: " ") == expected)
    }

    @Test(
        "of ip route that we have no route for say why",
        arguments: [
            ("10.8.0.1/16 via 10.0.0.1", "host bits"), ("default via x", "no address"),
            ("default via", "needs a value"), ("10.0.0.0/8 via 10.0.0.1 metric x", "no number"),
            ("default via 10.0.0.1 table unknown", "rt_tables"),
            ("2001:db8::/64 via 10.0.0.1", "another family"),
            ("local 10.0.0.1", "not supported"),
            ("default via 10.0.0.1 nonsense", "not understood"),
            ("10.0.0.0/8 encap mpls 1 via 10.0.0.1", "not supported"),
            ("blackhole 10.0.0.0/8 via 10.0.0.1", "no gateway"),
            ("default nexthop weight 300", "256"), ("default nexthop weight 3", "via or dev"),
        ])
    func refusedRoutes(text: String, reason: String) {
        do throws(WordProblem) {
            _ = try RouteWords.read(text.blankSeparated, tables: tables, origin: origin)
            Issue.record("\(text) was read")
        } catch {
            #expect(error.reason.contains(reason), "\(error.reason)")
        }
    }

    @Test(
        "of ip rule become rules, with the command that deletes them",
        arguments: [
            ("from 10.0.0.20 lookup 1001", "ip rule del priority N from 10.0.0.20 lookup 1001"),
            (
                "from 10.0.0.20/32 table eni1 pref 100",
                "ip rule del priority 100 from 10.0.0.20 lookup 1001"
            ),
            (
                "from 2001:db8::1 lookup main",
                "ip -6 rule del priority N from 2001:db8::1 lookup main"
            ),
            (
                "not fwmark 0x1/0xff iif eth0 oif eth1 unreachable",
                "ip rule del priority N not from all fwmark 0x1/0xff iif eth0 oif eth1 unreachable"
            ),
            (
                "from all to 10.8/16 table 5 suppress_prefixlength 0",
                "ip rule del priority N from all to 10.8.0.0/16 lookup 5 suppress_prefixlength 0"
            ),
            ("from 10.0.0.20", "ip rule del priority N from 10.0.0.20 lookup main"),
            (
                "fwmark 0/0xffffffff table 5",
                "ip rule del priority N from all fwmark 0x0/0xffffffff lookup 5"
            ),
            ("fwmark 0 table 5", "ip rule del priority N from all lookup 5"),
            (
                "from 10.0.0.20 ipproto tcp sport 22 table 5",
                "ip rule del priority N from 10.0.0.20 lookup 5 ipproto tcp sport 22"
            ),
        ])
    func rules(text: String, removal: String) throws {
        let rule = try RuleWords.read(text.blankSeparated, tables: tables, origin: origin)
        #expect(rule.removal == removal)
    }

    @Test(
        "of a netmask become a length, or nothing",
        arguments: [
            ("255.255.255.0", 24), ("255.255.192.0", 18), ("0.0.0.0", 0), ("255.255.255.255", 32),
            ("24", 24), ("64", 64), ("255.0.255.0", nil), ("0.255.0.0", nil), ("x", nil), ("", nil),
            ("129", nil), ("-1", nil), ("ffff:ffff::", 32),
        ])
    func masks(text: String, length: UInt8?) {
        #expect(maskLength(text) == length)
    }

    @Test("of rt_tables name tables")
    func tableNames() {
        var tables = TableNames()
        tables.read(
            ["# a comment", "255\tlocal", "1001 eni1 # mine", "x y", ""].map {
                Line(place: Place(file: "", line: 1), text: $0)
            })
        #expect(tables["eni1"] == 1001)
        #expect(tables["0x3e9"] == 1001)
        #expect(tables["y"] == nil)
    }
}
