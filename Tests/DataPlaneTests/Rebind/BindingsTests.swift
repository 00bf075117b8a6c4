import Netlink
import Plist
import Testing

@testable import DataPlane

@Suite("Bindings")
struct BindingsTests {
    private func sample() throws -> Bindings {
        var bindings = Bindings()
        bindings.places[RebindHost.address] = .interface(.mac(RebindHost.mac1))
        bindings.places[try #require(IPAddress("2001:db8::30"))] = .interface(.name("eth2"))
        bindings.places[try #require(IPAddress("10.0.0.31"))] = .released
        bindings.replacements[.mac(RebindHost.mac1)] = MACAddress(bits: 2)
        bindings.replacements[.name("eth2")] = MACAddress(bits: 3)
        return bindings
    }

    @Test("are read as they were written")
    func roundTrip() throws {
        for bindings in [Bindings(), try sample()] {
            let text = bindings.plistValue.text
            #expect(try Bindings(SourceText(file: "b", text: text)) == bindings, "\(text)")
        }
    }

    @Test(
        "that cannot be read name every problem and its place",
        arguments: [
            ("", ["b:1:1"]),
            ("{ }", ["b:1:1: 'Version' is missing"]),
            (
                "{ Version = 2; Leases = ( ); }",
                [
                    "b:1:16: unknown key 'Leases'",
                    "b:1:13: 'Version' is 2: a newer rtsetup wrote this; this one reads 1",
                ]
            ),
            (
                "{ Version = 1; Addresses = ( { Address = \"10.0.0.1\"; } ); }",
                ["b:1:30: a binding is an Address and one of MACAddress, Name and Released"]
            ),
            (
                "{ Version = 1; Replaced = ( { Name = eth0; With = x; } ); }",
                [
                    "b:1:51: 'x' is not a MAC address",
                    "b:1:29: a replacement is a MACAddress or a Name, and With",
                ]
            ),
        ])
    func problems(text: String, expected: [String]) throws {
        let error = try #require(throws: ConfigError.self) {
            try Bindings(SourceText(file: "b", text: text))
        }
        let found = error.diagnostics.map { diagnostic in
            (diagnostic.location.map { "\($0): " } ?? "") + diagnostic.message
        }
        #expect(
            found.count == expected.count && zip(found, expected).allSatisfy { $0.hasPrefix($1) },
            "\(found)")
    }

    @Test("cut off anywhere are an error and no crash")
    func truncated() throws {
        let text = Array(try sample().plistValue.text.utf8)
        for length in 0..<(text.count - 2) {
            #expect(throws: ConfigError.self) {
                try Bindings(SourceText(file: "b", bytes: Array(text[..<length])))
            }
        }
    }

    // MARK: Files as bindings have them

    private func places(_ bindings: StandingBindings) throws -> [String: [String]] {
        let config = try RebindHost.config().bound(by: bindings)
        return Dictionary(
            uniqueKeysWithValues: config.interfaces.map {
                ($0.label, $0.addresses.map { "\($0.address)" })
            })
    }

    @Test("move addresses behind the interface's own, and take released ones away")
    func moves() throws {
        var bindings = StandingBindings()
        #expect(
            try places(bindings)["00:16:3e:12:e7:01"] == [
                "10.0.0.20", "2001:db8::20", "10.0.0.30", "2001:db8::30",
            ])
        bindings.kept = try sample()
        bindings.kept.replacements = [:]
        bindings.kept.places[RebindHost.address] = .interface(.name("eth2"))
        let moved = try places(bindings)
        #expect(moved["00:16:3e:12:e7:01"] == ["10.0.0.20", "2001:db8::20"])
        #expect(moved["eth2"] == ["10.0.0.21", "2001:db8::21", "10.0.0.30", "2001:db8::30"])
        bindings.runtime.places[RebindHost.address] = .released
        #expect(try places(bindings)["eth2"] == ["10.0.0.21", "2001:db8::21", "2001:db8::30"])
        let floating = try RebindHost.config().bound(by: bindings).floating
        #expect(
            floating.map { "\($0.address) \($0.place ?? "-") \($0.isRuntime) \($0.home)" } == [
                "10.0.0.30 - true 00:16:3e:12:e7:01",
                "2001:db8::30 eth2 false 00:16:3e:12:e7:01",
                "10.0.0.31 - false 00:16:3e:12:e7:01",
            ])
    }

    @Test("that name what the files no longer have are passed over, with the way to forget them")
    func strangers() throws {
        var bindings = StandingBindings()
        bindings.kept.places[try #require(IPAddress("192.0.2.1"))] = .released
        bindings.kept.places[RebindHost.address] = .interface(.name("eth9"))
        bindings.kept.replacements[.mac(MACAddress(bits: 7))] = MACAddress(bits: 8)
        let config = try RebindHost.config().bound(by: bindings)
        #expect(config.interfaces[1].addresses.contains { $0.address == RebindHost.address })
        #expect(config.bindingDiagnostics.allSatisfy { $0.severity == .warning })
        for cure in [
            "rtsetup rebind 192.0.2.1 --release", "rtsetup rebind 10.0.0.30 --to 00:16:3e:12:e7:01",
            "rtsetup rebind --replace 00:00:00:00:00:08 --with 00:00:00:00:00:08",
        ] {
            #expect(config.bindingDiagnostics.contains { $0.message.hasSuffix(cure) }, "\(cure)")
        }
    }

    @Test(
        "to what the files hold down or do not manage are passed over",
        arguments: [
            ("eth4", "eth4 is Managed = NO"), ("eth5", "eth5 is held down by its ActivationPolicy"),
        ])
    func refused(name: String, reason: String) throws {
        var bindings = StandingBindings()
        bindings.kept.places[RebindHost.address] = .interface(.name(name))
        let config = try RebindHost.config().bound(by: bindings)
        #expect(config.interfaces[1].addresses.contains { $0.address == RebindHost.address })
        #expect(config.floating.contains { $0.address == RebindHost.address && $0.isAtHome })
        #expect(config.bindingDiagnostics.map(\.severity) == [.warning])
        #expect(config.bindingDiagnostics[0].message.contains(reason))
    }

    @Test("let an interface without addresses have the gateway of those that may come")
    func standby() {
        let standby = #"{ Name = eth2; Gateway = "10.0.0.253"; }"#
        #expect(
            configProblems(
                configText(
                    #"{ Name = eth1; Addresses = ( { Address = "10.0.0.30/24"; Floating = YES; } ); }"#,
                    standby)) == [])
        for address in ["10.0.0.30/24; }", "10.0.1.30/24; Floating = YES; }"] {
            let text = address.replacing(";", with: "\";", maxReplacements: 1)
            #expect(
                configProblems(
                    configText("{ Name = eth1; Addresses = ( { Address = \"\(text) ); }", standby)
                )
                .count == 1, "\(text)")
        }
    }

    @Test("give an entry its new MAC address, and report two of one")
    func replacements() throws {
        var bindings = StandingBindings()
        bindings.kept.replacements[.mac(RebindHost.mac1)] = MACAddress(bits: 9)
        bindings.kept.replacements[.name("eth2")] = MACAddress(bits: 10)
        var config = try RebindHost.config().bound(by: bindings)
        #expect(config.interfaces[1].mac?.value == MACAddress(bits: 9))
        #expect(config.interfaces[2].mac?.value == MACAddress(bits: 10))
        #expect(config.bindingDiagnostics == [])
        bindings.kept.replacements[.name("eth2")] = MACAddress(bits: 9)
        config = try RebindHost.config().bound(by: bindings)
        #expect(config.bindingDiagnostics.map(\.severity) == [.error])
    }

    @Test("enable IPv6 where an IPv6 address comes to, and leave out routes whose source left")
    func consequences() throws {
        let text = configText(
            """
            { Name = eth1; Addresses = ( { Address = "2001:db8::30/64"; Floating = YES; } );
              Gateway = "2001:db8::ff"; Routes = ( { Destination = "2001:db8:8::/48";
              Gateway = "2001:db8::fe"; PreferredSource = "2001:db8::30"; } ); }
            """, "{ Name = eth2; }")
        var bindings = StandingBindings()
        bindings.kept.places[try #require(IPAddress("2001:db8::30"))] = .interface(.name("eth2"))
        let config = try RebindHost.config(text).bound(by: bindings)
        #expect(config.interfaces[1].ipv6 == .enabled)
        #expect(config.interfaces[1].addresses.map(\.noDAD) == [true])
        #expect(config.interfaces[0].routes == [])
        #expect(config.bindingDiagnostics.count == 1)
    }
}
