import Testing

@testable import RPSTuner

@Suite struct LoadFindingTests {
    private let host = SteeringHost(topology: CPUTopology(count: 4))

    /// A device of 4 CPUs whose queues have these masks.
    private func device(_ masks: [CPUMask], of maximum: Int) -> SteeringDevice {
        var device = SteeringDevice(queues: masks.count, of: maximum)
        for (queue, mask) in masks.enumerated() { device.queues.receive[queue].rps = mask }
        return device
    }

    private func finding(
        _ processed: [UInt32], _ device: SteeringDevice?, ipis: UInt32 = 0, dropped: UInt32 = 0,
        interrupts: [UInt64] = [], on host: SteeringHost? = nil
    ) -> LoadFinding {
        func sample(_ scale: UInt32) -> LoadSample {
            var softnet: [Int: SoftnetCounters] = [:]
            for (cpu, count) in processed.enumerated() {
                var row = SoftnetCounters()
                row.processed = count * scale
                row.ipis = cpu == 1 ? ipis * scale : 0
                row.dropped = cpu == 0 ? dropped * scale : 0
                softnet[cpu] = row
            }
            let lines = interrupts.enumerated().map {
                "\($0): \($1 * UInt64(scale)) MSI virtio0-input.\($0)"
            }
            return LoadSample(
                softnet: softnet,
                interrupts: InterruptTable(text: (["CPU0"] + lines).joined(separator: "\n")))
        }
        let load = LoadMeasurement(
            from: sample(0), to: sample(1), meant: (host ?? self.host).topology.eligible,
            interrupts: interrupts.indices.map {
                QueueInterrupt(
                    number: $0, name: "virtio0-input.\($0)", direction: .receive, queue: $0)
            })
        return LoadFinding(load, of: device, on: host ?? self.host, flows: 64)
    }

    @Test("fewer than 1000 packets are inconclusive")
    func inconclusive() {
        let finding = finding([999, 0, 0, 0], device([[]], of: 4))
        #expect(finding.meaning.hasPrefix("Inconclusive: 999 packets in 0.0 s"))
        #expect(finding.advice == nil)
    }

    @Test("one queue without RPS: RPS, and more channels where there are any")
    func oneQueueOff() {
        let off = finding([24704, 0, 0, 0], device([[]], of: 4))
        #expect(off.meaning.hasPrefix("Concentrated: CPU 0 processed 100 % of the packets"))
        #expect(
            off.advice == "RPS = auto would spread its one queue over 4 CPUs (f). eth1 can have 4 "
                + "queues: Channels = max spreads packets in the device, without interrupts "
                + "between CPUs.")
        let one = finding([24704, 0, 0, 0], device([[]], of: 1))
        #expect(one.advice?.contains("ask the cloud for more vNIC queues") == true)
    }

    @Test("one queue at most that RPS spreads well: more vNIC queues are better")
    func oneQueueAtMost() {
        let finding = finding([5745, 6894, 6128, 5745], device([[0, 1, 2, 3]], of: 1), ipis: 1422)
        #expect(finding.meaning == "Even: the work of 4.0 of 4 CPUs.")
        #expect(finding.advice?.contains("ask the cloud for more vNIC queues") == true)
    }

    @Test("one flow is told apart from a missing mask")
    func oneFlow() {
        let flow = finding([0, 0, 24000, 0], device([[0, 1, 2, 3]], of: 1), ipis: 900, dropped: 7)
        #expect(flow.advice?.hasPrefix("It is one flow, or very few: RPS gains nothing") == true)
        #expect(flow.advice?.contains("7 packets found a full backlog") == true)
        let queues = finding(
            [0, 24000, 0, 0], device([[], [], [], []], of: 4), interrupts: [0, 812, 0, 0])
        #expect(queues.advice?.hasPrefix("One of 4 queues of eth1 had all the packets") == true)
    }

    @Test("a mask for all on several queues costs more than a share each")
    func maskForAll() {
        let all: CPUMask = [0, 1, 2, 3]
        let finding = finding([6528, 4992, 8832, 4224], device([all, all], of: 2), ipis: 1818)
        #expect(
            finding.advice == "RPS = auto would give each queue CPUs of its own (3 · c) and need "
                + "fewer than 0.074 interrupts between CPUs a packet.")
    }

    @Test("RPS with a queue for each CPU only costs")
    func guide() {
        let all: CPUMask = [0, 1, 2, 3]
        let finding = finding(
            [5730, 6876, 6112, 5730], device([all, all, all, all], of: 4), ipis: 2606)
        #expect(
            finding.advice == "eth1 has a queue for each CPU, so RPS only costs, 0.107 interrupts "
                + "between CPUs a packet: RPS = auto turns it off.")
    }

    @Test("queues that had no interrupt point at the RSS table")
    func idleQueues() {
        let finding = finding(
            [12000, 12000, 0, 0], device([[], [], [], []], of: 4), interrupts: [9, 9, 0, 0])
        #expect(finding.meaning.hasPrefix("Uneven: the work of 2.0 of 4 CPUs"))
        #expect(finding.advice?.hasPrefix("No packet came through queues 2, 3 of eth1") == true)
    }

    @Test("more queues than CPUs, a queue for each, and one CPU have each their own word")
    func counts() {
        let even: [UInt32] = [6000, 6000, 6000, 6000]
        let many = finding(even, device(Array(repeating: [], count: 8), of: 8))
        #expect(many.advice?.hasPrefix("eth1 has 8 queues for 4 CPUs") == true)
        #expect(finding(even, device(Array(repeating: [], count: 4), of: 4)).advice == nil)
        let single = finding(
            [6000], device([[]], of: 4), on: SteeringHost(topology: CPUTopology(count: 1)))
        #expect(single.advice == "One CPU: there is nothing to steer.")
    }

    @Test("packets on isolated CPUs are the first thing to say")
    func elsewhere() {
        var topology = CPUTopology(count: 4)
        topology.isolated = [2, 3]
        let finding = finding(
            [100, 100, 0, 24000], device([[], []], of: 2), on: SteeringHost(topology: topology))
        #expect(finding.meaning.hasPrefix("Elsewhere: CPU 3 alone processed 99 % of the packets"))
        #expect(finding.advice?.contains("IRQAffinity = auto") == true)
    }

    @Test("without an interface there is a meaning and no advice")
    func noInterface() {
        let finding = finding([24704, 0, 0, 0], nil)
        #expect(finding.meaning.hasPrefix("Concentrated"))
        #expect(finding.advice == nil)
    }
}
