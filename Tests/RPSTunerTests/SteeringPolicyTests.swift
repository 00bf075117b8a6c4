import Netlink
import RPSTuner
import Testing

@Suite("steering policies") struct SteeringPolicyTests {
    @Test("offline CPUs are nobody's share") func offline() {
        var topology = CPUTopology(count: 8)
        topology.online = [0, 1, 2, 3, 6, 7]
        let plan = SteeringPlan(SteeringDevice(queues: 2), on: topology) { $0.rps = .auto }
        #expect(plan.masks(.rps) == ["7", "c8"])
        #expect(plan.problems.isEmpty)
    }

    @Test(
        "CPUs that are kept free are nobody's share",
        arguments: ["isolcpus", "nohz_full", "cgroup"])
    func isolated(by: String) {
        var topology = CPUTopology(count: 8)
        switch by {
        case "isolcpus": topology.isolated = [4, 5, 6, 7]
        case "nohz_full": topology.nohzFull = [4, 5, 6, 7]
        default: topology.cgroupIsolated = [4, 5, 6, 7]
        }
        let plan = SteeringPlan(SteeringDevice(queues: 2), on: topology) {
            $0.rps = .auto
            $0.xps = .auto
        }
        #expect(plan.masks(.rps) == ["3", "c"])
        #expect(plan.masks(.xps) == ["3", "c"])
        #expect(plan.eligible == [0, 1, 2, 3])
    }

    @Test("a NIC's packets stay on its node", arguments: [(0, "f"), (1, "f0")])
    func nodes(node: Int, mask: String) {
        var topology = CPUTopology(count: 8)
        topology.nodes = [0: [0, 1, 2, 3], 1: [4, 5, 6, 7]]
        let one = SteeringPlan(SteeringDevice(queues: 1, node: node), on: topology) {
            $0.rps = .auto
        }
        #expect(one.masks(.rps) == [mask])
        #expect(one.entries[0].reason.hasSuffix("of the 4 CPUs of node \(node)"))
        let four = SteeringPlan(SteeringDevice(queues: 4, node: node), on: topology) {
            $0.rps = .auto
        }
        #expect(four.masks(.rps) == ["0", "0", "0", "0"])
    }

    @Test("a NIC whose node has no CPU to steer to uses them all") func emptyNode() {
        var topology = CPUTopology(count: 8)
        topology.nodes = [0: [0, 1, 2, 3], 1: [4, 5, 6, 7]]
        topology.isolated = [4, 5, 6, 7]
        let plan = SteeringPlan(SteeringDevice(queues: 1, node: 1), on: topology) {
            $0.rps = .auto
        }
        #expect(plan.masks(.rps) == ["f"])
    }

    @Test("without a node the shares follow the nodes' order") func noNode() {
        var topology = CPUTopology(nodes: 2, cores: 2)
        topology.nodes = [0: [0, 1, 4, 5], 1: [2, 3, 6, 7]]
        let plan = SteeringPlan(SteeringDevice(queues: 2), on: topology) { $0.rps = .auto }
        #expect(plan.masks(.rps) == ["33", "cc"])
    }

    @Test("threads of a core, and cores of a cache, are of one share") func threads() {
        let topology = CPUTopology(nodes: 1, cores: 4)
        let plan = SteeringPlan(SteeringDevice(queues: 4), on: topology) { $0.rps = .auto }
        #expect(plan.masks(.rps) == ["11", "22", "44", "88"])
        var caches = CPUTopology(count: 8)
        for cpu in 0..<8 {
            caches.places[cpu] = .init(node: 0, cache: cpu % 2, core: cpu, thread: 0)
        }
        let two = SteeringPlan(SteeringDevice(queues: 2), on: caches) { $0.rps = .auto }
        #expect(two.masks(.rps) == ["55", "aa"])
    }

    @Test("more queues than CPUs share them in turn") func moreQueues() {
        let plan = SteeringPlan(SteeringDevice(queues: 6), on: CPUTopology(count: 4)) {
            $0.rps = .all
            $0.xps = .auto
        }
        #expect(plan.masks(.xps) == ["1", "2", "4", "8", "1", "2"])
        #expect(plan.masks(.rps) == Array(repeating: "f", count: 6))
    }

    @Test("one CPU has nothing to steer, and nothing fails") func oneCPU() {
        let plan = SteeringPlan(SteeringDevice(queues: 1, of: 4), on: CPUTopology(count: 1)) {
            $0.channels = .max
            $0.rps = .auto
            $0.xps = .auto
        }
        #expect(plan.masks(.rps) == ["0"])
        #expect(plan.channels == nil)
        #expect(plan.errors.isEmpty)
    }

    @Test("exclude-irq leaves the interrupt's CPU out of shares of four and more")
    func excludeIRQ() {
        let eight = CPUTopology(count: 8)
        let device = SteeringDevice(queues: 2).withInterrupts(on: [1, 4])
        let plan = SteeringPlan(device, on: eight) { $0.rps = .excludeIRQ }
        #expect(plan.masks(.rps) == ["d", "e0"])
        #expect(
            plan.entries[0].reason.hasSuffix("without CPU 1, which has the interrupt"))
        let moved = SteeringPlan(device, on: eight) {
            $0.rps = .excludeIRQ
            $0.irqAffinity = .auto
        }
        #expect(moved.masks(.rps) == ["e", "e0"])
        let small = SteeringPlan(device, on: CPUTopology(count: 4)) { $0.rps = .excludeIRQ }
        #expect(small.masks(.rps) == ["3", "c"])
    }

    @Test(
        "alibaba writes the guide's mask, and says how auto differs",
        arguments: [
            (4, 1, "f", "RPS = auto would do the same here"),
            (4, 4, "f", "RPS only costs an interrupt between CPUs (2606 against 0"),
            (2, 1, "3", "RPS = auto would do the same here"),
            (8, 1, "f", "RPS = auto would use 8 of 8 CPUs and not 4: ff"),
            (8, 2, "f", "RPS = auto would use 8 of 8 CPUs and not 4: f · f0; a share"),
            (16, 2, "ff", "RPS = auto would use 16 of 16 CPUs and not 8: ff · ff00; a share"),
        ])
    func alibaba(cpus: Int, queues: Int, mask: String, note: String) throws {
        let plan = SteeringPlan(SteeringDevice(queues: queues), on: CPUTopology(count: cpus)) {
            $0.rps = .alibaba
        }
        #expect(plan.masks(.rps) == Array(repeating: mask, count: queues))
        let problem = try #require(plan.problems.first)
        #expect(problem.severity == .note)
        #expect(problem.message(of: "eth1").contains(note))
    }

    @Test("the guide's mask without its CPUs is an error") func alibabaWithoutCPUs() {
        var topology = CPUTopology(count: 8)
        topology.isolated = [0, 1, 2, 3]
        let plan = SteeringPlan(SteeringDevice(queues: 1), on: topology) { $0.rps = .alibaba }
        #expect(plan.errors.map(\.kind) == [.noEligibleCPU])
    }

    @Test("RPS and XPS off, and lists") func offAndLists() {
        let topology = CPUTopology(count: 8)
        let off = SteeringPlan(SteeringDevice(queues: 2), on: topology) {
            $0.rps = .off
            $0.xps = .off
            $0.rfs = .off
        }
        #expect(off.masks(.rps) == ["0", "0"])
        #expect(off.masks(.xps) == ["0", "0"])
        #expect(off.masks(.rfs) == ["0", "0"])
        let lists = SteeringPlan(SteeringDevice(queues: 2), on: topology) {
            $0.rps = .cpus([0, 1, 2, 3])
            $0.xps = .cpus([4, 5])
        }
        #expect(lists.masks(.rps) == ["f", "f"])
        #expect(lists.masks(.xps) == ["30", "30"])
        #expect(lists.problems.isEmpty)
    }

    @Test("CPUs limits everything below") func limit() {
        let plan = SteeringPlan(
            SteeringDevice(queues: 1, of: 8), on: CPUTopology(count: 8)
        ) {
            $0.cpus = [4, 5, 6, 7]
            $0.channels = .max
            $0.rps = .all
            $0.xps = .auto
        }
        #expect(plan.channels == ChannelCounts(combined: 4))
        #expect(plan.masks(.rps) == ["f0", "f0", "f0", "f0"])
        #expect(plan.masks(.xps) == ["10", "20", "40", "80"])
    }

    @Test(
        "RFS: the queues together fit the global table",
        arguments: [(32768, 4, "8192"), (32768, 3, "8192"), (1000, 2, "256"), (2, 4, "1")])
    func flows(entries: Int, queues: Int, each: String) {
        let plan = SteeringPlan(SteeringDevice(queues: queues), on: CPUTopology(count: 8)) {
            $0.rfs = .entries(entries)
        }
        #expect(plan.masks(.rfs) == Array(repeating: each, count: queues))
        #expect(plan.flowEntries == entries)
    }

    @Test("each interrupt goes to the first CPU of its share, before RPS is written")
    func interrupts() {
        let device = SteeringDevice(queues: 2).withInterrupts(on: [0, 0, 0, 0])
        let plan = SteeringPlan(device, on: CPUTopology(count: 8)) {
            $0.rps = .auto
            $0.xps = .auto
            $0.irqAffinity = .auto
        }
        #expect(plan.masks(.irqAffinity) == ["1", "1", "10", "10"])
        #expect(
            plan.entries.map(\.key) == [
                .xps, .xps, .irqAffinity, .irqAffinity, .irqAffinity, .irqAffinity, .rps, .rps,
            ])
    }

    @Test("irqbalance keeps its interrupts") func irqbalance() {
        let device = SteeringDevice(queues: 2).withInterrupts(on: [0, 0])
        let plan = SteeringPlan(device, on: CPUTopology(count: 8), irqbalance: true) {
            $0.irqAffinity = .auto
        }
        #expect(plan.entries.isEmpty)
        #expect(plan.problems.map(\.kind) == [.irqbalance])
        #expect(plan.errors.isEmpty)
    }

    @Test("nothing asked for is nothing done") func unchanged() {
        let plan = SteeringPlan(SteeringDevice(queues: 2, of: 8), on: CPUTopology(count: 8)) { _ in
        }
        #expect(plan.entries.isEmpty)
        #expect(plan.channels == nil)
        #expect(plan.problems.isEmpty)
    }
}
