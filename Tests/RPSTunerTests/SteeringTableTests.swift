import RPSTuner
import Testing

/// The table of the design, row by row; `…` stands for the queues between.
private let table: [(cpus: Int, queues: Int, masks: String)] = [
    (1, 1, "0"), (1, 2, "0 · 0"), (1, 4, "0 · … · 0"), (1, 8, "0 · … · 0"), (1, 32, "0 · … · 0"),
    (2, 1, "3"), (2, 2, "0 · 0"), (2, 4, "0 · … · 0"), (2, 8, "0 · … · 0"), (2, 32, "0 · … · 0"),
    (4, 1, "f"), (4, 2, "3 · c"), (4, 4, "0 · 0 · 0 · 0"), (4, 8, "0 · … · 0"),
    (4, 32, "0 · … · 0"),
    (8, 1, "ff"), (8, 2, "f · f0"), (8, 4, "3 · c · 30 · c0"), (8, 8, "0 · … · 0"),
    (8, 32, "0 · … · 0"),
    (16, 1, "ffff"), (16, 2, "ff · ff00"), (16, 4, "f · f0 · f00 · f000"),
    (16, 8, "3 · c · … · c000"), (16, 32, "0 · … · 0"),
    (64, 1, "ffffffff,ffffffff"), (64, 2, "ffffffff · ffffffff,00000000"),
    (64, 4, "ffff · … · ffff0000,00000000"), (64, 8, "ff · … · ff000000,00000000"),
    (64, 32, "3 · c · … · c0000000,00000000"),
    (96, 1, "ffffffff,ffffffff,ffffffff"),
    (96, 2, "ffff,ffffffff · ffffffff,ffff0000,00000000"), (96, 4, "ffffff · …"),
    (96, 8, "fff · …"), (96, 32, "7 · 38 · …"),
    (128, 1, "ffffffff,ffffffff,ffffffff,ffffffff"),
    (128, 2, "ffffffff,ffffffff · ffffffff,ffffffff,00000000,00000000"),
    (128, 4, "ffffffff · …"), (128, 8, "ffff · …"), (128, 32, "f · f0 · …"),
    // Beyond the table: widths where a word or a group ends, and shares that are not equal.
    (31, 1, "7fffffff"), (32, 1, "ffffffff"), (33, 1, "1,ffffffff"), (63, 1, "7fffffff,ffffffff"),
    (65, 1, "1,ffffffff,ffffffff"), (33, 2, "1ffff · 1,fffe0000"),
    (31, 2, "ffff · 7fff0000"), (63, 2, "ffffffff · 7fffffff,00000000"),
    (65, 2, "1,ffffffff · 1,fffffffe,00000000"), (5, 2, "7 · 18"), (5, 3, "3 · c · 10"),
    (7, 4, "3 · c · 30 · 40"),
    (1024, 32, "ffffffff · ffffffff,00000000 · …"),
    (1024, 1024, "0 · … · 0"),
]

@Suite("RPS = auto") struct SteeringTableTests {
    @Test("each queue steers to its own share of the CPUs", arguments: table)
    func masks(cpus: Int, queues: Int, masks: String) throws {
        let plan = SteeringPlan(SteeringDevice(queues: queues), on: CPUTopology(count: cpus)) {
            $0.rps = .auto
        }
        let found = plan.masks(.rps)
        #expect(found.count == queues)
        let parts = masks.split(separator: "…", omittingEmptySubsequences: false).map {
            $0.split(separator: "·").map { $0.filter { $0 != " " } }.filter { !$0.isEmpty }
        }
        let (first, last) = (try #require(parts.first), parts.dropFirst().first ?? [])
        #expect(Array(found.prefix(first.count)) == first)
        #expect(Array(found.suffix(last.count)) == last)
        if parts.count == 1 { #expect(found.count == first.count) }
    }

    @Test(
        "the shares are disjoint, and together all CPUs",
        arguments: [31, 32, 33, 63, 64, 65, 96, 128, 1024], [1, 2, 3, 4, 7, 8, 30])
    func shares(cpus: Int, queues: Int) throws {
        let plan = SteeringPlan(SteeringDevice(queues: queues), on: CPUTopology(count: cpus)) {
            $0.rps = .auto
        }
        let masks = try plan.masks(.rps).map { try CPUMask(maskText: $0) }
        #expect(masks.reduce(0) { $0 + $1.count } == cpus)
        #expect(masks.reduce(CPUMask()) { $0.union($1) } == CPUMask(first: cpus))
        let sizes = masks.map(\.count)
        #expect(sizes == sizes.sorted(by: >))
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
    }

    @Test("every mask says why") func reasons() {
        let four = CPUTopology(count: 4)
        let two = SteeringPlan(SteeringDevice(queues: 2), on: four) { $0.rps = .auto }
        #expect(
            two.entries.map(\.reason) == [
                "CPUs 0-1: share 1 of 2 of the 4 CPUs", "CPUs 2-3: share 2 of 2 of the 4 CPUs",
            ])
        let off = SteeringPlan(SteeringDevice(queues: 4), on: four) { $0.rps = .auto }
        #expect(
            off.entries.allSatisfy {
                $0.reason == "off: 4 queues for 4 CPUs, each already has its own"
            })
    }
}
