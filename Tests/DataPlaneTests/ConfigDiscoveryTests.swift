import Netlink
import Plist
import Testing

@testable import DataPlane

@Suite("A discovered file") struct ConfigDiscoveryTests {
    static let discovered = """
        {
            Version = 1;
            Interfaces = (
                { MACAddress = "00:16:3e:12:e7:00"; Primary = YES; Addressing = external; Table = 1000; },
                { MACAddress = "00:16:3e:12:e7:01"; Addresses = ( "10.0.0.20/24", "10.0.0.30/24" );
                  Gateway = ( "10.0.0.253", auto ); Table = 1001; }
            );
        }
        """

    private func merged(
        _ main: String, dropIns: String..., discovered: String = Self.discovered
    ) throws(ConfigError) -> (config: Config, warnings: [Diagnostic]) {
        let sources = [SourceText(file: "main", text: main)]
        return try ConfigReader.read(
            sources
                + dropIns.enumerated().map {
                    SourceText(file: "\($0.offset + 1)0", text: $0.element)
                },
            discovered: SourceText(file: "found", text: discovered))
    }

    private func problems(_ main: String, discovered: String) -> [String] {
        do {
            _ = try merged(main, discovered: discovered)
            return []
        } catch {
            return error.diagnostics.map { "\($0.location?.file ?? ""): \($0.message)" }
        }
    }

    private func addresses(_ interface: InterfaceConfig) -> [String] {
        interface.addresses.map { "\($0.address)/\($0.prefixLength)" }
    }

    @Test("appends what the main file does not describe, with its own places")
    func appended() throws {
        let config = try merged("{ Version = 1; }").config
        #expect(config.interfaces.map { $0.table?.value } == [1000, 1001])
        #expect(config.interfaces[0].isPrimary && config.interfaces[0].addressing == .external)
        #expect(config.interfaces[1].addresses[0].location.file == "found")
        #expect(config.interfaces[1].gateways[.ipv6]?.choice == .auto)
        #expect(config.files == ["main", "found"])
        #expect(config.discovery?.isRead == true)
    }

    @Test("gives way to the main file's keys, MAC by MAC, arrays as a whole")
    func keysWin() throws {
        let main = configText(
            "{ Name = eth9; }",
            """
            { MACAddress = "00-16-3E-12-E7-01"; Addresses = ( "10.0.0.99/24" ); MTU = 1400; }
            """)
        let config = try merged(main).config
        #expect(config.interfaces.map(\.index) == [0, 1, 2])
        #expect(addresses(config.interfaces[1]) == ["10.0.0.99/24"])
        #expect(config.interfaces[1].addresses[0].location.file == "main")
        #expect(config.interfaces[1].table?.value == 1001)
        #expect(config.interfaces[1].table?.location.file == "found")
        #expect(config.interfaces[1].mtu?.value == 1400)
        #expect(config.interfaces[1].gateways[.ipv4]?.location.file == "found")
        #expect(config.interfaces[2].isPrimary)
    }

    @Test("gives way to an empty array, and to a gateway of none")
    func emptyWins() throws {
        let main = configText(
            "{ MACAddress = \"00:16:3e:12:e7:01\"; Addresses = ( ); Gateway = none; }")
        let interface = try merged(main).config.interfaces[0]
        #expect(interface.addresses == [])
        #expect(interface.gateways.values.allSatisfy { $0.choice == .none })
    }

    @Test("stands below the drop-ins, which append to it")
    func dropIns() throws {
        let config = try merged(
            "{ Version = 1; }",
            dropIns: configText(
                "{ MACAddress = \"00:16:3e:12:e7:01\"; Addresses = ( \"10.0.0.31/24\" ); }")
        ).config
        #expect(
            addresses(config.interfaces[1]) == ["10.0.0.20/24", "10.0.0.30/24", "10.0.0.31/24"])
        #expect(config.interfaces.count == 2)
    }

    @Test("stands below Defaults as well")
    func defaults() throws {
        let config = try merged(
            "{ Version = 1; Defaults = { MTU = 1400; Addressing = external; }; }"
        )
        .config
        #expect(config.interfaces.map { $0.mtu?.value } == [1400, 1400])
    }

    @Test("gives up a table and the primary that the main file has given to another")
    func yields() throws {
        let main = configText("{ Name = eth7; Primary = YES; Table = 1001; }")
        let (config, warnings) = try merged(main)
        #expect(config.interfaces.map { $0.table?.value } == [1001, 1000, nil])
        #expect(config.interfaces.map(\.isPrimary) == [true, false, false])
        #expect(warnings.map { $0.location?.file } == ["found", "found"])
    }

    @Test(
        "may say nothing but where addresses are",
        arguments: [
            "MTU = 1400;", "Sysctl = { \"ipv4.accept_local\" = 1; };", "Managed = NO;",
            "RuleSource = subnet;", "Routes = ( { Destination = \"10.8.0.0/16\"; } );",
            "FailClosed = NO;", "RulePriority = 20002;", "Queues = { RPS = auto; };",
            "IPv6 = disabled;", "RouteMetric = 5;", "MainRoutes = ignore;", "Required = YES;",
            "ActivationPolicy = down;", "ReversePathFilter = off;", "ARP = unchanged;",
            "Adresses = ( \"10.0.0.20/24\" );",
            "Addresses = ( { Address = \"10.0.0.20/24\"; Floating = YES; } );",
        ])
    func interfaceKeys(text: String) {
        let found = problems(
            "{ Version = 1; }",
            discovered: configText("{ MACAddress = \"00:16:3e:12:e7:01\"; \(text) }"))
        #expect(found.count == 1 && found.allSatisfy { $0.hasPrefix("found: ") }, "\(found)")
    }

    @Test(
        "may say nothing else at its top",
        arguments: [
            "Sysctl = { \"net.ipv4.ip_forward\" = 1; };", "Protocol = 99;", "LinkGroup = 9;",
            "Rules = ( { Priority = 5; Table = 9; } );", "Defaults = { MTU = 1400; };",
            "Discovery = { File = /run/x; };",
        ])
    func topLevelKeys(text: String) {
        let found = problems(
            "{ Version = 1; }",
            discovered: configText("{ MACAddress = \"00:16:3e:12:e7:01\"; }", rest: text))
        #expect(found.count == 1 && found.allSatisfy { $0.hasPrefix("found: ") }, "\(found)")
    }

    @Test(
        "that is empty, cut off or damaged is an error, and nothing is configured by it",
        arguments: [
            "", "{", "{ Version = 1; }", "{ Version = 1; Interfaces = ( ); }",
            "{ Interfaces = ( ); }",
            "{ Version = 1; Interfaces = ( { MACAddress = \"00:16:3e:12:e7:01\"; Addresses = ( ",
            "{ Version = 2; Interfaces = ( { MACAddress = \"00:16:3e:12:e7:01\"; } ); }",
        ])
    func damaged(text: String) {
        #expect(!problems("{ Version = 1; }", discovered: text).isEmpty)
        #expect(!problems(configText("{ Name = eth0; }"), discovered: text).isEmpty)
    }

    @Test("whose contents contradict the main file names both places")
    func contradiction() {
        let main = configText("{ Name = eth7; Addresses = ( \"10.0.0.30/24\" ); }")
        let found = problems(main, discovered: Self.discovered)
        #expect(found.count == 1 && found[0].hasPrefix("found: 10.0.0.30 is listed already"))
        #expect(found[0].contains("main:1"))
    }

    @Test("that is not there yet is a warning, and what it gave before is not taken away")
    func missing() throws {
        var files = ConfigFiles(
            mainPath: "main",
            main: SourceText(file: "main", text: "{ Version = 1; Discovery = { File = /run/x; }; }")
        )
        files.discovery = .init(
            path: "/run/x", location: SourceLocation(file: "main", line: 1, column: 37))
        let (config, warnings) = try ConfigReader.read(files)
        #expect(warnings.map(\.keyPath) == ["Discovery.File"])
        #expect(config.files == ["main", "/run/x"])

        var memory = Memory()
        let kernel = KernelState()
        #expect(DesiredState(config, kernel: kernel, memory: memory).conflicts == [])
        memory.discovery = "/run/x"
        #expect(DesiredState(config, kernel: kernel, memory: memory).conflicts.count == 1)
        memory.discovery = "/run/other"
        #expect(DesiredState(config, kernel: kernel, memory: memory).conflicts == [])
    }
}
