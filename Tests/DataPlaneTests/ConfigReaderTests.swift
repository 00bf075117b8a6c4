import DataPlane
import Netlink
import Plist
import Testing

@Suite("A configuration") struct ConfigReaderTests {
    @Test("has every key of an interface")
    func everyKey() throws {
        let text = configText(
            """
            {
                Name = "eth1.5"; MACAddress = "00-16-3E-12-E7-01"; Primary = true; Managed = NO;
                Required = YES; ActivationPolicy = manual; Addressing = external;
                Addresses = ( "10.0.0.20/24", { Address = "2001:db8::20/64"; NoDAD = YES; } );
                Gateway = ( "10.0.0.253", auto ); GatewayOnLink = YES; Table = 0x3e9;
                RouteMetric = none; RulePriority = 19001; RuleSource = subnet; MainRoutes = ignore;
                FailClosed = NO; MTU = "9001"; IPv6 = enabled; ReversePathFilter = no; ARP = strict;
                Sysctl = { "ipv4.accept_local" = 1; "ipv6/accept_ra" = 0x2; };
                Routes = (
                    { Destination = default; Gateway = "fe80::1"; GatewayOnLink = YES; Metric = 7; MTU = 1400; },
                    { Destination = "10.8.0.0/16"; PreferredSource = "10.0.0.20"; Scope = link; Table = main; },
                    { Destination = "10.9.0.1"; Type = prohibit; Table = 77; },
                    { Destination = "10.10.0.0/16"; NextHops = ( { Gateway = "10.0.0.1"; Weight = 256; },
                        { Interface = eth2; } ); }
                );
            }
            """)
        let (config, warnings) = try readConfig(text)
        #expect(warnings == [])
        let eth = config.interfaces[0]
        #expect(eth.name?.value == "eth1.5")
        #expect(eth.mac?.value == MACAddress("00:16:3e:12:e7:01"))
        #expect(eth.isPrimary && !eth.isManaged && eth.isRequired && eth.gatewayOnLink)
        #expect(eth.activationPolicy == .manual)
        #expect(eth.addressing == .external)
        #expect(eth.addresses.map(\.subnet.description) == ["10.0.0.0/24", "2001:db8::/64"])
        #expect(eth.addresses.map(\.noDAD) == [false, true])
        #expect(eth.gateways[.ipv4]?.choice == IPAddress("10.0.0.253").map { .address($0) })
        #expect(eth.gateways[.ipv6]?.choice == .auto)
        #expect(eth.table?.value == 1001)
        #expect(eth.routeMetric?.value == RouteMetric.none)
        #expect(eth.rulePriority == 19001)
        #expect(eth.ruleSource?.value == .subnet)
        #expect(eth.mainRoutes == .ignore)
        #expect(eth.failClosed?.value == false)
        #expect(eth.mtu?.value == 9001)
        #expect(eth.ipv6 == .enabled)
        #expect(eth.reversePathFilter?.value == .off)
        #expect(eth.arp == .strict)
        #expect(
            eth.sysctls.map { "\($0.family).\($0.key)=\($0.value)" } == [
                "ipv4.accept_local=1", "ipv6.accept_ra=2",
            ])

        #expect(
            eth.routes.map(\.destination.description) == [
                "::/0", "10.8.0.0/16", "10.9.0.1/32", "10.10.0.0/16",
            ])
        #expect(eth.routes[0].gateway == IPAddress("fe80::1"))
        #expect(
            eth.routes[0].metric == 7 && eth.routes[0].mtu == 1400 && eth.routes[0].gatewayOnLink)
        #expect(eth.routes[1].preferredSource == IPAddress("10.0.0.20"))
        #expect(eth.routes[1].scope == .link && eth.routes[1].table == RouteTable.main)
        #expect(eth.routes[2].type == .prohibit && eth.routes[2].table == 77)
        #expect(eth.routes[3].nextHops.map(\.weight) == [256, 1])
        #expect(eth.routes[3].nextHops[1].interface?.value == "eth2")
    }

    @Test("has the defaults of the specification")
    func defaults() throws {
        let (config, _) = try readConfig(
            configText(
                "{ Name = eth0; Addressing = external; }", "{ Name = eth1; MainRoutes = ignore; }"))
        #expect(config.protocol == 82)
        #expect(config.linkGroup == 82)
        #expect(config.files == ["main"])
        let (eth0, eth1) = (config.interfaces[0], config.interfaces[1])
        #expect(eth0.index == 0 && eth1.index == 1)
        #expect(!eth0.isPrimary && eth0.isManaged && !eth0.isRequired && !eth0.gatewayOnLink)
        #expect(eth0.activationPolicy == .up && eth1.addressing == .static)
        #expect(AddressFamily.allCases.allSatisfy { eth0.gateways[$0]?.choice == .auto })
        #expect(
            AddressFamily.allCases.allSatisfy {
                eth1.gateways[$0]?.choice == GatewayConfig.Choice.none
            })
        #expect(eth0.rulePriority == 20001 && eth1.rulePriority == 19999)
        #expect(eth0.ipv6 == .unchanged && eth0.arp == .auto)
        #expect(eth0.table == nil && eth0.mtu == nil && eth0.failClosed == nil)
    }

    @Test(
        "reads a gateway for each family",
        arguments: [
            ("auto", "auto auto"), ("none", "none none"), ("( none )", "none none"),
            ("\"10.0.0.1\"", "10.0.0.1 none"), ("( \"10.0.0.1\", auto )", "10.0.0.1 auto"),
            ("( auto, \"fe80::1\" )", "auto fe80::1"), ("( auto )", "auto auto"),
            ("( \"fe80::1\", \"10.0.0.1\" )", "10.0.0.1 fe80::1"),
        ])
    func gateways(text: String, choices: String) throws {
        for addressing in ["static", "external"] {
            let entry =
                "{ Name = eth0; Addressing = \(addressing); Gateway = \(text); "
                + "Addresses = ( \"10.0.0.2/24\", \"2001:db8::2/64\" ); }"
            let eth = try readConfig(configText(entry)).config.interfaces[0]
            let found = AddressFamily.allCases.map { family in
                switch eth.gateways[family]?.choice {
                case nil: "missing"
                case .some(.none): "none"
                case .auto: "auto"
                case .address(let address): "\(address)"
                }
            }
            #expect(found.joined(separator: " ") == choices)
        }
    }

    @Test("enables IPv6 where the file gives an IPv6 address, and no sysctl speaks for itself")
    func ipv6() throws {
        let text = configText(
            "{ Name = eth0; Addresses = ( \"2001:db8::1/64\" ); }",
            "{ Name = eth1; Addresses = ( \"2001:db8::2/64\" ); Sysctl = { \"ipv6.disable_ipv6\" = 0; }; }",
            "{ Name = eth2; Addresses = ( \"10.0.0.1/24\" ); }",
            "{ Name = eth3; Sysctl = { \"ipv4.arp_ignore\" = 2; }; }")
        let config = try readConfig(text).config
        #expect(config.interfaces.map(\.ipv6) == [.enabled, .unchanged, .unchanged, .unchanged])
        #expect(config.interfaces.map(\.arp) == [.auto, .auto, .auto, .unchanged])
    }

    @Test("has a rule for each family, which follows From and To")
    func rules() throws {
        let text = configText(
            "{ Name = eth0; }",
            rest: """
                Rules = (
                    { Priority = 100; Table = main; SuppressPrefixLength = 0; SuppressInterfaceGroup = 5; },
                    { Priority = 101; From = "10.0.0.0/8"; To = "0.0.0.0/0"; FirewallMark = 0x10;
                      FirewallMask = 0xff; IncomingInterface = lo; OutgoingInterface = eth0; Table = default; },
                    { Priority = 102; To = "2001:db8::1"; Type = prohibit; InvertRule = YES; },
                    { Priority = 103; From = "::/0"; Table = 4294967295; },
                    { Priority = 104; Family = ipv6; Type = blackhole; SuppressPrefixLength = 64; },
                    { Priority = 105; Family = ipv4; FirewallMark = 0; FirewallMask = 0xffffffff; Table = 7; }
                );
                """
        ).replacing("SuppressPrefixLength = 64; }", with: "}")
        let rules = try readConfig(text).config.rules.map(\.rule)
        let lookup = Rule(
            family: .ipv4, priority: 100, table: 254, suppressPrefixLength: 0,
            suppressInterfaceGroup: 5)
        var lookup6 = lookup
        lookup6.family = .ipv6
        #expect(
            rules == [
                lookup, lookup6,
                Rule(
                    family: .ipv4, priority: 101, source: IPPrefix("10.0.0.0/8"),
                    incomingInterface: "lo", outgoingInterface: "eth0", firewallMark: 0x10,
                    firewallMask: 0xFF, table: 253),
                Rule(
                    family: .ipv6, priority: 102, destination: IPPrefix("2001:db8::1/128"),
                    action: .prohibit, isInverted: true),
                Rule(family: .ipv6, priority: 103, table: .max),
                Rule(family: .ipv6, priority: 104, action: .blackhole),
                Rule(family: .ipv4, priority: 105, firewallMark: 0, table: 7),
            ])
    }

    @Test("reads sysctl names as sysctl(8) does")
    func sysctls() throws {
        let text = configText(
            "{ Name = eth0; }",
            rest: """
                Sysctl = {
                    "net.ipv4.conf.eth0/5.rp_filter" = 1;
                    "net/ipv6/conf/eth0.5/forwarding" = 0;
                    net.ipv4.tcp_rmem = "4096 131072 6291456";
                    net.ipv4.ip_local_reserved_ports = "";
                    net.ipv4.ip_local_port_range = "0x400\t 2000 ";
                    net.ipv4.conf.eth0.log_martians = 0x1;
                    net.ipv4.conf.eth0.arp_ignore = "01";
                    net.ipv4.tcp_syncookies = "010";
                    net.ipv6.conf.eth0.accept_ra_rtr_pref = "-0x1";
                    net.core.flow_limit_cpu_bitmap = "0010";
                    net.ipv4.tcp_congestion_control = "0xbbr";
                };
                """)
        let sysctls = try readConfig(text).config.sysctls
        #expect(
            sysctls.map { "\($0.name.path)=\($0.value)" } == [
                "net/ipv4/conf/eth0.5/rp_filter=1", "net/ipv6/conf/eth0.5/forwarding=0",
                "net/ipv4/tcp_rmem=4096 131072 6291456", "net/ipv4/ip_local_reserved_ports=",
                "net/ipv4/ip_local_port_range=1024 2000", "net/ipv4/conf/eth0/log_martians=1",
                "net/ipv4/conf/eth0/arp_ignore=1", "net/ipv4/tcp_syncookies=8",
                "net/ipv6/conf/eth0/accept_ra_rtr_pref=-1",
                "net/core/flow_limit_cpu_bitmap=0010", "net/ipv4/tcp_congestion_control=0xbbr",
            ])
    }

    @Test(
        "takes numbers as the grammar has them, bare or quoted",
        arguments: [
            ("1500", 1500), ("\"1500\"", 1500), ("0x5dc", 1500), ("0x5DC", 1500), ("68", 68),
            ("65535", 65535),
            ("67", nil), ("65536", nil), ("01500", nil), ("+1500", nil), ("-1500", nil),
            ("0x", nil),
            ("0X5dc", nil), ("\" 1500\"", nil), ("\"\"", nil), ("1_500", nil), ("1500.0", nil),
            ("99999999999999999999999999", nil), ("0xfffffffffffffffffffffff", nil),
            ("\"１５００\"", nil),
        ] as [(String, UInt32?)])
    func numbers(text: String, number: UInt32?) {
        let config = try? readConfig(configText("{ Name = eth0; MTU = \(text); }")).config
        #expect(config?.interfaces[0].mtu?.value == number)
    }

    @Test("is the same from XML")
    func xml() throws {
        let text = try readConfig(
            "{ Version = 1; Interfaces = ( { Name = eth0; Primary = YES; Table = 5; } ); LinkGroup = 7; }"
        )
        let xml = try readConfig(
            """
            <?xml version="1.0"?><plist><dict><key>Version</key><integer>1</integer>
            <key>Interfaces</key><array><dict><key>Name</key><string>eth0</string>
            <key>Primary</key><true/><key>Table</key><integer>5</integer></dict></array>
            <key>LinkGroup</key><integer>7</integer></dict></plist>
            """)
        #expect(xml.config.interfaces[0].name?.value == text.config.interfaces[0].name?.value)
        #expect(xml.config.interfaces[0].isPrimary)
        #expect(xml.config.interfaces[0].table?.value == 5)
        #expect(xml.config.linkGroup == 7)
    }

    @Test("needs no interface of its own where Discovery finds them")
    func discoveryAlone() throws {
        let text = "{ Version = 1; Discovery = { File = \"/run/x.plist\"; }; }"
        #expect(try readConfig(text).config.interfaces == [])
    }

    @Test(
        "marks what it owns with a number that is nobody else's",
        arguments: [
            (5, true), (8, true), (82, true), (255, true), (4, false), (9, false), (16, false),
            (18, false), (42, false), (186, false), (192, false), (193, true), (256, false),
        ])
    func protocols(number: Int, isFree: Bool) {
        let problems = configProblems(configText("{ Name = eth0; }", rest: "Protocol = \(number);"))
        #expect(problems.isEmpty == isFree)
    }

    @Test(
        "is told that a routing daemon's routes would be taken for its own",
        arguments: [(10, false), (11, true), (15, true), (19, false), (82, false)])
    func daemons(number: Int, isDaemons: Bool) throws {
        let text = configText("{ Name = eth0; }", rest: "Protocol = \(number);")
        let warnings = try readConfig(text).warnings
        #expect(warnings.map(\.location?.line) == (isDaemons ? [1] : []))
    }
}
