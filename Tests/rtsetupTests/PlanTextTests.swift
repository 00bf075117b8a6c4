import DataPlane
import Netlink
import Plist
import Testing

@testable import rtsetup

struct PlanTextTests {
    static func sysctl(_ value: String) -> KernelObject {
        .sysctl(SysctlSetting(name: .interface("eth1", "ipv4", "rp_filter"), value: value))
    }

    static func rule(_ source: String) -> KernelObject {
        .rule(
            Rule(family: .ipv4, priority: 20001, source: IPPrefix(source), table: 1001))
    }

    /// The example of the specification, and a change of the host's.
    static let changes = [
        Change(.add(.address(Sample.address("10.0.0.30", 24, metric: 1001))), owner: 12),
        Change(.add(.route(Sample.route("0.0.0.0/0", via: "10.0.0.253"))), owner: 12),
        Change(.add(rule("10.0.0.30/32")), owner: 12),
        Change(.replace(sysctl("1"), with: sysctl("2")), owner: 12),
        Change(.remove(rule("10.0.0.31/32")), owner: 12),
        Change(.add(.rule(Sample.rules[0]))),
        Change(
            .remove(.route(Sample.route("10.9.0.0/16", via: "10.0.0.1", dev: 11))), owner: 11,
            note: "foreign, goes with 10.0.0.31", isSideEffect: true),
    ]

    @Test("a plan reads as the specification shows it")
    func sample() {
        #expect(
            PlanText(changes: Self.changes, links: Sample.links, isColored: false).text == """
                host
                  + rule    20000: from all lookup main suppress_prefixlength 0 suppress_ifgroup 82
                eth0  00:16:3e:12:e7:00
                  - route   10.9.0.0/16 via 10.0.0.1 table 1001 (foreign, goes with 10.0.0.31)
                eth1  00:16:3e:12:e7:01
                  + address 10.0.0.30/24
                  + route   default via 10.0.0.253 table 1001
                  + rule    20001: from 10.0.0.30 lookup 1001
                  ~ sysctl  net.ipv4.conf.eth1.rp_filter 1 -> 2
                  - rule    20001: from 10.0.0.31 lookup 1001
                Plan: 4 to add, 1 to change, 2 to remove.

                """)
    }

    @Test("an empty plan has nothing to do")
    func nothing() {
        #expect(PlanText(changes: [], links: [], isColored: true).text == "Nothing to do.\n")
    }

    @Test("additions are green, changes yellow, removals red")
    func color() {
        let text = PlanText(
            changes: [Self.changes[0], Self.changes[3], Self.changes[4]], links: Sample.links,
            isColored: true
        ).text
        #expect(text.contains("\u{1B}[32m  + address 10.0.0.30/24\u{1B}[0m\n"))
        #expect(text.contains("\u{1B}[33m  ~ sysctl  "))
        #expect(text.contains("\u{1B}[31m  - rule    "))
    }

    @Test("JSON holds both sides of a change, where it comes from, and a note")
    func json() {
        var change = Self.changes[3]
        change.origin = .init(file: "a.plist", line: 3, column: 7)
        #expect(
            change.json(names: InterfaceNames(of: Sample.links)).text
                == #"{"action":"change","kind":"sysctl","interface":"eth1","#
                + #""text":"net.ipv4.conf.eth1.rp_filter 1 -> 2","#
                + #""object":{"name":"net.ipv4.conf.eth1.rp_filter","value":"2"},"#
                + #""previous":{"name":"net.ipv4.conf.eth1.rp_filter","value":"1"},"#
                + #""location":{"file":"a.plist","line":3,"column":7}}"#)
        #expect(
            Self.changes[5].json(names: InterfaceNames(of: Sample.links)).text.hasPrefix(
                #"{"action":"add","kind":"rule","interface":null,"#))
    }
}
