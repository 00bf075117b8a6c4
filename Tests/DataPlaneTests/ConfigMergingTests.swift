import DataPlane
import Netlink
import Plist
import Testing

@Suite("A drop-in") struct ConfigMergingTests {
    private let main = configText(
        """
        { Name = eth0; MACAddress = "00:16:3e:00:00:01"; Addresses = ( "10.0.0.1/24", "10.0.0.2/24" );
          Gateway = ( "10.0.0.253", "fe80::1" ); MTU = 1500; Table = 7; Addressing = external;
          Routes = ( { Destination = "10.8.0.0/16"; } ); Sysctl = { "ipv4.a" = 1; "ipv4.b" = 1; }; }
        """,
        "{ Name = eth1; }",
        rest: """
            Rules = ( { Priority = 100; Table = main; Family = ipv4; } );
            Sysctl = { net.ipv4.x = 1; net.ipv4.y = 1; };
            Defaults = { MTU = 9000; ARP = strict; };
            """)

    private func merged(_ dropIns: String...) throws -> Config {
        try ConfigReader.read(
            [SourceText(file: "main", text: main)]
                + dropIns.enumerated().map { SourceText(file: "\($0.offset)", text: $0.element) }
        ).config
    }

    @Test(
        "merges into the interface of the same MAC or name",
        arguments: [
            "MACAddress = \"00:16:3e:00:00:01\";", "Name = eth0;",
            "Name = eth0; MACAddress = \"00:16:3e:00:00:01\";",
        ])
    func identity(keys: String) throws {
        let config = try merged(configText("{ \(keys) MTU = 1400; }"))
        #expect(config.interfaces.count == 2)
        #expect(config.interfaces[0].mtu?.value == 1400)
        #expect(config.interfaces[0].mtu?.location.file == "0")
        #expect(config.interfaces[0].location.file == "main")
        #expect(config.interfaces[0].table?.value == 7)
    }

    @Test("adds an interface behind the main file's")
    func addition() throws {
        let config = try merged(
            configText("{ Name = eth2; }"), configText("{ Name = eth2; MTU = 1300; }"))
        #expect(config.interfaces.map { $0.name?.value } == ["eth0", "eth1", "eth2"])
        #expect(config.interfaces.map(\.index) == [0, 1, 2])
        #expect(config.interfaces[2].mtu?.value == 1300)
        #expect(config.files == ["main", "0", "1"])
    }

    @Test("gives an interface the key that the main file did not know")
    func newKey() throws {
        let config = try merged(configText("{ Name = eth1; MACAddress = \"00:16:3e:00:00:02\"; }"))
        #expect(config.interfaces[1].mac?.value.description == "00:16:3e:00:00:02")
    }

    @Test("appends addresses, routes and rules; an address given again replaces its entry")
    func appends() throws {
        let config = try merged(
            configText(
                """
                { Name = eth0; Addresses = ( "10.0.0.3/24", "10.0.0.1/25" );
                  Routes = ( { Destination = "10.9.0.0/16"; } ); }
                """,
                rest: "Rules = ( { Priority = 101; Table = main; Family = ipv4; } );"))
        let eth0 = config.interfaces[0]
        #expect(
            eth0.addresses.map { "\($0.address)/\($0.prefixLength)" }
                == ["10.0.0.1/25", "10.0.0.2/24", "10.0.0.3/24"])
        #expect(eth0.routes.map(\.destination.description) == ["10.8.0.0/16", "10.9.0.0/16"])
        #expect(config.rules.map(\.rule.priority) == [100, 101])
    }

    @Test("replaces the gateway of its family only")
    func gateways() throws {
        func choices(_ text: String) throws -> [GatewayConfig.Choice?] {
            let config = try merged(configText("{ Name = eth0; Gateway = \(text); }"))
            return AddressFamily.allCases.map { config.interfaces[0].gateways[$0]?.choice }
        }
        let old = IPAddress("fe80::1").map(GatewayConfig.Choice.address)
        let new = IPAddress("10.0.0.254").map(GatewayConfig.Choice.address)
        #expect(try choices("\"10.0.0.254\"") == [new, old])
        #expect(try choices("( \"10.0.0.254\", auto )") == [new, .auto])
        #expect(try choices("none") == [GatewayConfig.Choice.none, GatewayConfig.Choice.none])
    }

    @Test("merges dictionaries key by key")
    func dictionaries() throws {
        let config = try merged(
            configText(
                "{ Name = eth0; Sysctl = { \"ipv4.b\" = 2; \"ipv4.c\" = 2; }; }",
                rest:
                    "Sysctl = { \"net/ipv4/y\" = 2; net.ipv4.z = 2; }; Defaults = { MTU = 8000; };")
        )
        #expect(
            config.sysctls.map { "\($0.name)=\($0.value)" } == [
                "net.ipv4.x=1", "net.ipv4.y=2", "net.ipv4.z=2",
            ])
        let own = config.interfaces[0].sysctls.map { "\($0.key)=\($0.value)" }
        #expect(own.sorted() == ["a=1", "b=2", "c=2"])
        #expect(config.interfaces[1].mtu?.value == 8000)
        #expect(config.interfaces[1].arp == .strict)
    }

    @Test("comes before Defaults, which fill only what no file gives")
    func defaults() throws {
        let config = try merged(configText("{ Name = eth1; ARP = unchanged; }"))
        #expect(config.interfaces.map { $0.mtu?.value } == [1500, 9000])
        #expect(config.interfaces.map(\.arp) == [.strict, .unchanged])
    }

    @Test(
        "may not say what only the main file says",
        arguments: [
            "Protocol = 99;", "LinkGroup = 99;", "Discovery = { File = /run/x; };",
        ])
    func mainOnly(text: String) {
        #expect(configProblems(main, dropIns: "{ Version = 1; \(text) }").count == 1)
    }

    @Test("says its version, like every file")
    func version() {
        #expect(
            configProblems(main, dropIns: "{ }") == [
                "'Version' is missing; a file says Version = 1;"
            ])
    }

    @Test("that means two interfaces at once is an error")
    func ambiguity() {
        let dropIn = configText("{ Name = eth1; MACAddress = \"00:16:3e:00:00:01\"; }")
        #expect(configProblems(main, dropIns: dropIn).count == 1)
    }

    @Test("cannot give one interface's address, table or primary role to another as well")
    func between() {
        let dropIn = configText("{ Name = eth2; Addresses = ( \"10.0.0.1/24\" ); Table = 7; }")
        #expect(
            configProblems(main, dropIns: dropIn) == [
                "10.0.0.1 is listed already for 'eth0' (0:1)",
                "table 7 is already that of 'eth0' (0:2)",
            ])
    }

    @Test("that cannot be read hides nothing of the others, and makes nothing up")
    func broken() {
        let main = configText(
            "{ Name = eth0; Addresses = ( \"10.0.0.1/24\" ); }", "{ Nane = eth1; }")
        #expect(
            configProblems(
                main, dropIns: "( )", configText("{ Name = eth0; Gateway = \"10.1.0.1\"; }"))
                == ["unknown key 'Nane'; did you mean 'Name'?", "expected '{', found '('"])
    }
}
