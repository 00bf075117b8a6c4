import DataPlane
import Glibc
import Plist
import Testing

@testable import Import

@Suite("Mutated files of other tools") struct FuzzTests {
    private static let words = [
        "\n", "=", "'", "\"", "\\\n", " ", "#", "$", "`", "[", "]", "/", "..", ":", "|", "&&", ";",
        "/* ", "// ", "}", "*/", "\u{0}", "\u{1B}", "\u{2028}", "é", "%", "@", "-", "_",
        "10.0.0.20", "10.0.0.20/24", "10.0.0.255/24", "0.0.0.0/0", "255.255.255.0", "::1",
        "fe80::1",
        "2001:db8::1/64", "2001:db8::/129", "224.0.0.1", "300.1.1.1", "0", "-1", "4294967295",
        "4294967296", "18446744073709551616", "0x", "0xffffffff", "via", "dev", "eth0", "eth1:1",
        "table", "lookup", "main", "local", "255", "priority", "20000", "32766", "default",
        "nexthop",
        "weight", "onlink", "blackhole", "from", "to", "not", "fwmark", "goto", "lo", "all",
        "a-name-that-is-far-too-long-for-the-kernel", "iface eth0 inet static\n", "[Route]\n",
        "[Match]\nName=eth0\n", "IPADDR9=", "DEVICE=", "HWADDR=", "source ", "up ip rule add ",
        "net.ipv4.conf.*.rp_filter=", "net.ipv4.conf.all.disable_ipv6=1\n",
    ]

    private static let cases = Result { try Golden.cases.map { try Golden.files($0) } }

    @Test("are carried over into a file that our reader takes, or not at all", arguments: 0..<8)
    func mutations(round: Int) throws {
        var generator = Generator(seed: Generator.base &+ UInt64(round))
        let cases = try Self.cases.get()
        var accepted = 0
        for _ in 0..<250 {
            guard var sources = cases.randomElement(using: &generator) else { return }
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                let index = sources.indices.randomElement(using: &generator) ?? 0
                Self.mutate(&sources[index].bytes, &generator)
            }
            if Self.isAccepted(sources) { accepted += 1 }
        }
        #expect(accepted > 100, "most mutations still describe an interface")
    }

    @Test("of nothing but noise are refused or read", arguments: 0..<4)
    func noise(round: Int) {
        var generator = Generator(seed: Generator.base &+ UInt64(1000 + round))
        for name in [
            "ifcfg-eth0", "route-eth0", "rule-eth0", "interfaces", "a.network", "routes",
            "sysctl.conf", "rt_tables", "unknown",
        ] {
            for _ in 0..<20 {
                var bytes: [UInt8] = []
                for _ in 0..<Int.random(in: 0...40, using: &generator) {
                    Self.mutate(&bytes, &generator)
                }
                _ = Self.isAccepted([SourceText(file: name, bytes: bytes)])
            }
        }
    }

    /// - Returns: whether there is a file; it is checked, and that it stays the same if read again.
    private static func isAccepted(_ sources: [SourceText]) -> Bool {
        var files = ImportFiles(.auto)
        for source in sources { files.add(source, isAlone: true) }
        let host = Importer.host(of: files, .auto, sourced: { _, _ in ([], []) })
        do throws(ImportError) {
            let imported = try Importer.file(of: host, header: [.comment("Made by a test")])
            do throws(ConfigError) {
                _ = try ConfigReader.read(SourceText(file: "main", text: imported.text))
            } catch {
                let inputs = sources.map { String(decoding: $0.bytes, as: UTF8.self) }
                Issue.record("\(error.diagnostics)\n\(imported.text)\nof \(inputs)")
            }
            return true
        } catch {
            if case .notUnderstood = error { return false }
            Issue.record("\(error)")
            return false
        }
    }

    private static func mutate(_ bytes: inout [UInt8], _ generator: inout Generator) {
        let place = Int.random(in: 0...bytes.count, using: &generator)
        let length = min(Int.random(in: 1...12, using: &generator), bytes.count - place)
        let word = (words.randomElement(using: &generator) ?? "").utf8
        switch Int.random(in: 0...4, using: &generator) {
        case 0: bytes.removeSubrange(place..<place + length)
        case 1: bytes.replaceSubrange(place..<place + length, with: word)
        case 2 where place < bytes.count:
            bytes[place] = UInt8.random(in: 0...255, using: &generator)
        // What stands there, once more elsewhere: duplicates.
        case 3:
            let start = Int.random(in: 0...bytes.count, using: &generator)
            let end = min(bytes.count, start + Int.random(in: 0...80, using: &generator))
            bytes.insert(contentsOf: Array(bytes[start..<end]), at: place)
        default: bytes.insert(contentsOf: word, at: place)
        }
    }
}

/// SplitMix64: the same seed gives the same files on every machine.
struct Generator: RandomNumberGenerator {
    /// `RTSETUP_SEED` takes another, to look further.
    static let base = getenv("RTSETUP_SEED").flatMap { UInt64(String(cString: $0)) } ?? 0

    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
