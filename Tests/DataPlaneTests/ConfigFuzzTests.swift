import DataPlane
import Plist
import Testing

@Suite("A mutated configuration") struct ConfigFuzzTests {
    static let words = [
        "{", "}", "(", ")", ";", ",", "=", "\"", "10.0.0.0/8", "0.0.0.0/0", "::/0", "fe80::1",
        "none", "auto",
        "default", "main", "YES", "4294967296", "0", "0x", "Name", "Routes", "Gateway", "Addresses",
        "Table", "254",
        "net..", "net.ipv4.conf.eth0.x", "/", ".", "\\U0000", "\u{1B}", "eth0", "lo", "é", "-1",
    ]

    static let seed = """
        { Version = 1; Protocol = 99; LinkGroup = 3; Discovery = { File = /run/x; };
          Defaults = { MTU = 1500; Sysctl = { "ipv4.a" = 1; }; };
          Interfaces = (
            { Name = eth0; Primary = YES; Addressing = external; Gateway = auto; },
            { MACAddress = "00:16:3e:12:e7:01"; Addresses = ( "10.0.0.20/24", { Address = "2001:db8::1/64"; } );
              Gateway = ( "10.0.0.253", "2001:db8::ff" ); Table = 1001; RouteMetric = none; RulePriority = 20002;
              Routes = ( { Destination = "10.8.0.0/16"; Gateway = "10.0.0.254"; Metric = 3; },
                { Destination = default; Metric = 9; NextHops = ( { Gateway = "10.0.0.1"; Weight = 2; } ); } );
              Queues = { RPS = auto; CPUs = "0-3,8"; }; ReversePathFilter = loose; } );
          Rules = ( { Priority = 100; From = "10.0.0.0/8"; Table = main; } );
          Sysctl = { "net.ipv4.conf.all.rp_filter" = 0; }; }
        """

    static let dropIn = "{ Version = 1; Interfaces = ( { Name = eth0; MTU = 1400; } ); }"

    @Test("is read or refused, never half of each; refusals name a place", arguments: 0..<10)
    func mutations(round: Int) throws {
        var generator = SeededGenerator(seed: UInt64(round))
        let original = Array(Self.seed.utf8)
        var read = 0
        for _ in 0..<400 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                Self.mutate(&bytes, &generator)
            }
            let sources = [
                SourceText(file: "a", bytes: bytes), SourceText(file: "b", text: Self.dropIn),
            ]
            do throws(ConfigError) {
                let result = try ConfigReader.read(
                    Bool.random(using: &generator) ? sources : [sources[0]])
                read += 1
                #expect(result.warnings.allSatisfy { $0.severity == .warning })
                #expect(result.config.interfaces.allSatisfy { $0.name != nil || $0.mac != nil })
            } catch {
                let isSound =
                    error.diagnostics.contains { $0.severity == .error }
                    && error.diagnostics.allSatisfy { $0.location != nil && !$0.message.isEmpty }
                #expect(isSound, "seed \(round): \(String(decoding: bytes, as: UTF8.self))")
            }
        }
        #expect(read > 0, "every mutation was refused: the seed itself must be wrong")
    }

    @Test("is a sound one before it is mutated")
    func sound() throws {
        _ = try readConfig(Self.seed, dropIns: Self.dropIn)
    }

    private static func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        let place = Int.random(in: 0...bytes.count, using: &generator)
        let length = min(Int.random(in: 1...8, using: &generator), bytes.count - place)
        let word = (words.randomElement(using: &generator) ?? "").utf8
        switch Int.random(in: 0...3, using: &generator) {
        case 0: bytes.removeSubrange(place..<place + length)
        case 1: bytes.replaceSubrange(place..<place + length, with: word)
        case 2 where place < bytes.count:
            bytes[place] = UInt8.random(in: 32...127, using: &generator)
        default: bytes.insert(contentsOf: word, at: place)
        }
    }
}

@Suite("A large file") struct LargeConfigTests {
    @Test(
        "costs no more than its size, whatever it is full of",
        arguments: [
            (
                "{ Version = 1; Sysctl = {", "net.a.k# = 1;",
                "}; Interfaces = ( { Name = a; } ); }", 0
            ),
            ("{ Version = 1; Interfaces = (", "{ Name = n#; },", "); }", 0),
            (
                "{ Version = 1; Interfaces = ( { Name = a; Sysctl = {", "ipv4.k# = 1;",
                "}; } ); }", 0
            ),
            ("{ Version = 1; Interfaces = ( { Name = a; } ); ", "K# = 1;", "}", 10_000),
            ("{ Version = 1; Interfaces = (", "{ Name = n; },", "); }", 9_999),
        ])
    func size(head: String, entry: String, tail: String, problems: Int) {
        let parts = entry.split(separator: "#", omittingEmptySubsequences: false)
        var text = head
        for number in 0..<10_000 { text += parts.joined(separator: "\(number)") }
        let found = configProblems(text + tail, dropIns: "{ Version = 1; }")
        #expect(found.count == min(problems, 501))
        if problems > 0 {
            #expect(found.last == "too many problems; \(problems - 500) more are not shown")
        }
    }
}
