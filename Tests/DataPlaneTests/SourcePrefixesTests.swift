import Netlink
import Testing

@testable import DataPlane

@Suite("Source prefixes")
struct SourcePrefixesTests {
    static let covers: [(mine: [String], others: [String], prefixes: [String])] = [
        ([], ["10.0.0.1"], []),
        (["10.0.0.20"], [], ["10.0.0.20/32"]),
        (["10.0.0.20"], ["10.0.0.21"], ["10.0.0.20/32"]),
        (["10.0.0.20", "10.0.0.21"], [], ["10.0.0.20/31"]),
        (["10.0.0.20", "10.0.0.22"], ["10.0.0.21"], ["10.0.0.20/32", "10.0.0.22/32"]),
        (["10.0.0.16", "10.0.0.31"], ["10.0.0.32"], ["10.0.0.16/28"]),
        (
            ["10.0.0.1", "10.0.0.2", "10.0.0.200"], ["10.0.0.100"],
            ["10.0.0.0/30", "10.0.0.200/32"]
        ),
        (["0.0.0.1", "255.255.255.254"], [], ["0.0.0.0/0"]),
        (["2001:db8::1", "2001:db8::ff"], ["2001:db8::100"], ["2001:db8::/120"]),
        (["2001::1", "a000::"], ["4000::"], ["2001::1/128", "a000::/128"]),
    ]

    @Test("are the fewest, each as long as possible", arguments: covers)
    func cover(mine: [String], others: [String], prefixes: [String]) {
        let cover = SourcePrefixes.cover(
            mine.compactMap { IPAddress($0) }, avoiding: others.compactMap { IPAddress($0) })
        #expect(cover.map(\.description) == prefixes)
    }

    @Test("one inside another is left out, and what overlaps them is found")
    func nested() throws {
        let all = ["10.0.0.32/28", "10.0.0.0/25", "10.0.1.7/32", "10.0.0.0/25", "2001:db8::/64"]
        let prefixes = all.compactMap { IPPrefix($0) }.outermost()
        #expect(prefixes.map(\.description) == ["10.0.0.0/25", "10.0.1.7/32", "2001:db8::/64"])
        for (block, isFound) in [
            ("10.0.0.70/32", true), ("10.0.0.0/24", true), ("10.0.0.16/30", true),
            ("10.0.0.128/32", false), ("10.0.1.7/32", true), ("10.0.1.6/32", false),
            ("10.0.1.0/24", true), ("0.0.0.0/0", true), ("9.255.255.255/32", false),
            ("2001:db8::1/128", true), ("2001:db8:1::/48", false), ("::/0", true),
        ] {
            #expect(prefixes.overlap(try #require(IPPrefix(block))) == isFound, "\(block)")
        }
    }

    @Test("hold all of mine and none of the others, whatever they are", arguments: 1...200)
    func laws(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var pool = Set<UInt128>()
        while pool.count < 40 { pool.insert(UInt128(random.next() % 512)) }
        let addresses = pool.sorted().map { IPAddress(family: .ipv4, bits: 0x0A00_0000 + $0) }
        let mine = addresses.filter { _ in random.next() % 3 == 0 }
        let others = addresses.filter { !mine.contains($0) }
        let cover = SourcePrefixes.cover(mine, avoiding: others)
        for address in mine { #expect(cover.count { $0.contains(address) } == 1, "seed \(seed)") }
        for address in others { #expect(!cover.contains { $0.contains(address) }, "seed \(seed)") }
    }
}
