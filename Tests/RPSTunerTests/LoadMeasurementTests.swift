import Testing

@testable import RPSTuner

@Suite struct LoadMeasurementTests {
    private func sample(
        _ processed: [Int: UInt32], ipis: [Int: UInt32] = [:], interrupts: String = "",
        received: [String: UInt64] = [:]
    ) -> LoadSample {
        var softnet: [Int: SoftnetCounters] = [:]
        for (cpu, count) in processed {
            var row = SoftnetCounters()
            row.processed = count
            row.ipis = ipis[cpu] ?? 0
            softnet[cpu] = row
        }
        return LoadSample(
            softnet: softnet, interrupts: InterruptTable(text: interrupts), received: received)
    }

    private func measure(_ processed: [UInt32], meant: CPUMask? = nil) -> LoadMeasurement {
        let counts = Dictionary(uniqueKeysWithValues: processed.enumerated().map { ($0, $1) })
        return LoadMeasurement(
            from: sample(counts.mapValues { _ in 0 }), to: sample(counts),
            meant: meant ?? CPUMask(first: processed.count))
    }

    @Test(
        "Jain's index is that of the design's own measurements",
        arguments: [
            ([24704, 0, 0, 0], 0.250), ([5745, 6894, 6128, 5745], 0.994),
            ([12818, 0, 0, 11310], 0.498), ([6528, 4992, 8832, 4224], 0.924),
        ] as [([UInt32], Double)])
    func jain(processed: [UInt32], expected: Double) throws {
        let load = measure(processed)
        let jain = try #require(load.jain)
        #expect(abs(jain - expected) < 0.0006)
        #expect(load.effectiveCPUs == 4 * jain)
    }

    @Test("the busiest CPU is told as a multiple of the mean")
    func maximumOverMean() {
        #expect(measure([300, 100, 0, 0]).maximumOverMean == 3)
        #expect(measure([0, 0]).maximumOverMean == nil)
        #expect(measure([0, 0]).jain == nil)
    }

    @Test("F flows on n CPUs can reach about F/(F + n - 1)")
    func reachable() {
        #expect(abs(measure([1, 1, 1, 1]).reachableJain(flows: 64) - 64.0 / 67) < 1e-9)
        #expect(measure([1]).reachableJain(flows: 1) == 1)
    }

    @Test("counters of 32 bits that wrapped are followed")
    func wrapped() {
        let load = LoadMeasurement(
            from: sample([0: .max - 99]), to: sample([0: 900]), meant: [0])
        #expect(load.packets == 1000)
        #expect(load.isConclusive)
    }

    @Test("a CPU that came or went in between is named, not counted")
    func hotplug() {
        let load = LoadMeasurement(
            from: sample([0: 0, 1: 0, 2: 5000]), to: sample([0: 700, 1: 500, 3: 90000]),
            meant: CPUMask(first: 4))
        #expect(load.cpus.map(\.number) == [0, 1])
        #expect(load.packets == 1200)
        #expect(load.changedCPUs == [2, 3])
    }

    @Test("packets on a CPU that should have none count as packets, not in Jain's index")
    func elsewhere() {
        let load = measure([500, 500, 3000, 0], meant: [0, 1])
        #expect(load.packets == 4000)
        #expect(load.jain == 1)
        #expect(load.shareElsewhere == 0.75)
    }

    @Test("the interrupts of the interface's receive queues are told per CPU and queue")
    func interrupts() {
        func table(_ first: Int, _ second: Int, _ output: Int) -> String {
            """
                        CPU0       CPU1
              25:       \(first)          0   PCI-MSI 32769-edge      virtio0-input.0
              26:          \(output)         \(output)   PCI-MSI 32770-edge      virtio0-output.0
              27:          0        \(second)   PCI-MSI 32771-edge      virtio0-input.1
             CAL:          5          6   Function call interrupts
            """
        }
        let interrupts = [
            QueueInterrupt(number: 25, name: "virtio0-input.0", direction: .receive, queue: 0),
            QueueInterrupt(number: 26, name: "virtio0-output.0", direction: .transmit, queue: 0),
            QueueInterrupt(number: 27, name: "virtio0-input.1", direction: .receive, queue: 1),
        ]
        let load = LoadMeasurement(
            from: sample([0: 0, 1: 0], interrupts: table(4_294_967_290, 3, 1)),
            to: sample([0: 10, 1: 10], interrupts: table(20, 3, 900)), meant: [0, 1],
            interrupts: interrupts)
        #expect(load.interruptsOfQueue == [0: 26, 1: 0])
        #expect(load.cpus.map(\.interrupts) == [26, 0])
    }

    @Test("the busiest interface is the one that received most since, never the loopback")
    func busiestInterface() {
        let before = sample([:], received: ["lo": 0, "eth0": 90000, "eth1": 10])
        #expect(
            sample([:], received: ["lo": 5000, "eth0": 90001, "eth1": 2000, "new": 7])
                .busiestInterface(since: before) == "eth1")
        #expect(before.busiestInterface(since: before) == nil)
    }

    @Test("numbers are rounded to the decimals that are asked for")
    func decimals() {
        #expect(0.9944.text(3) == "0.994")
        #expect(2.5.text(0) == "3")
        #expect(0.0004.text(3) == "0.000")
        #expect(3.999.text(1) == "4.0")
        #expect((-1.25).text(2) == "-1.25")
        #expect(Double.infinity.text(2) == "inf")
    }
}
