import DataPlane
import Netlink
import Testing

@testable import rtsetup

struct ShellScriptTests {
    @Test("the script makes objects that ip -j -d shows exactly as our JSON")
    func kernelAgrees() throws {
        let script = ShellScript(changes: Sample.changes, links: Sample.links).text
        let run = try Subprocess.inNamespace(
            Sample.setUp + script + """
                for family in -4 -6; do
                    ip $family -j -d address show
                    ip $family -j -d route show table all
                    ip $family -j -d rule show
                done
                """)
        #expect(run.status == 0, "\(run.errors)")
        let names = InterfaceNames(of: Sample.links)
        for object in Sample.objects {
            let json = object.json(names: names).text
            #expect(run.output.contains(json), "\(json) is not in \(run.output)")
        }
    }

    @Test("the script of the opposite changes leaves the dumps as they were")
    func undone() throws {
        let there = ShellScript(changes: Sample.changes, links: Sample.links).text
        let back = ShellScript(
            changes: Sample.changes.reversed().map(\.inverse), links: Sample.links
        ).text
        let dump =
            "ip route show table all; ip -6 route show table all; ip rule; ip -6 rule; ip -o addr"
        let run = try Subprocess.inNamespace(
            "\(Sample.setUp)\nbefore=$(\(dump))\n\(there)\n\(back)\nafter=$(\(dump))\n"
                + #"if [ "$before" != "$after" ]; then echo "$before"; echo ---; echo "$after"; exit 9; fi"#
        )
        #expect(run.status == 0, "\(run.output)\(run.errors)")
    }

    @Test("settings and replacements are made in place")
    func settings() throws {
        func link(_ old: LinkSetting.Value, _ new: LinkSetting.Value) -> Change {
            Change(
                .replace(
                    .link(LinkSetting(interface: 12, old)),
                    with: .link(LinkSetting(interface: 12, new))))
        }
        func sysctl(_ key: String, _ value: String) -> Change {
            let name = SysctlName.interface("eth1", "ipv4", key)
            return Change(
                .replace(
                    .sysctl(SysctlSetting(name: name, value: "0")),
                    with: .sysctl(SysctlSetting(name: name, value: value))))
        }
        let route = Sample.route("10.8.0.0/16", via: "10.0.0.254")
        let moved = Sample.route("10.8.0.0/16", via: "10.0.0.253")
        let address = Sample.address("10.0.0.20", 24)
        var marked = address
        marked.protocol = 82
        var measured = address
        measured.metric = 7
        let script = ShellScript(
            changes: [
                link(.mtu(1500), .mtu(1400)), link(.group(0), .group(82)),
                link(.up(true), .up(false)),
                link(.up(false), .up(true)), sysctl("rp_filter", "2"),
                Change(.add(.address(address))), Change(.add(.route(route))),
                Change(.replace(.address(address), with: .address(marked))),
                Change(.replace(.address(address), with: .address(measured))),
                Change(.replace(.route(route), with: .route(moved))),
                Change(.remove(.route(route)), note: "foreign", isSideEffect: true),
            ], links: Sample.links
        ).text
        let run = try Subprocess.inNamespace(
            Sample.setUp + script + """
                ip -o link show eth1; ip -o -4 address show eth1; ip route show table 1001
                sysctl net.ipv4.conf.eth1.rp_filter
                """)
        #expect(run.status == 0, "\(run.errors)")
        for part in [
            "UP,LOWER_UP> mtu 1400", "group 82", "10.0.0.20/24 metric 7",
            "10.8.0.0/16 via 10.0.0.253 dev eth1 proto 82", "net.ipv4.conf.eth1.rp_filter = 2",
        ] {
            #expect(run.output.contains(part), "\(part) is not in \(run.output)")
        }
    }

    @Test("a name or a value is never more than one word for the shell")
    func quoting() throws {
        let hostile = Link(index: 12, name: "a;id'$x")
        let script = ShellScript(
            changes: [
                Change(.add(.link(LinkSetting(interface: 12, .up(true))))),
                Change(.add(.route(Sample.route("10.0.0.0/8", via: "10.0.0.1")))),
                Change(
                    .add(
                        .sysctl(
                            SysctlSetting(
                                name: SysctlName(components: ["net", "ipv4", "ip_local_port_range"]
                                ),
                                value: "1024 $(id)")))),
            ], links: [hostile]
        ).text
        let shadowed = "ip() { printf '<%s>' \"$@\"; echo; }\nsysctl() { printf '<%s>' \"$@\"; }\n"
        let run = try Subprocess(["sh"], input: shadowed + script)
        #expect(run.status == 0, "\(run.errors)")
        #expect(
            run.output == """
                <link><set><dev><a;id'$x><up>
                <route><add><10.0.0.0/8><via><10.0.0.1><dev><a;id'$x><table><1001><proto><82>
                <-q><-w><net.ipv4.ip_local_port_range=1024 $(id)>
                """)
    }
}
