import Testing

@testable import DataPlane
@testable import RPSTuner
@testable import rtsetup

struct LoadPrintoutTests {
    private func printout(
        _ processed: [UInt32], meant: CPUMask? = nil, irqbalance: Bool = false
    ) -> LoadPrintout {
        func sample(_ scale: UInt32) -> LoadSample {
            var softnet: [Int: SoftnetCounters] = [:]
            for (cpu, count) in processed.enumerated() {
                var row = SoftnetCounters()
                row.processed = count * scale
                row.ipis = cpu == 0 ? 0 : 474 * scale
                softnet[cpu] = row
            }
            return LoadSample(softnet: softnet)
        }
        var earlier = sample(0)
        var later = sample(1)
        later.time = earlier.time + .seconds(4)
        let online = CPUMask(first: processed.count)
        if processed.isEmpty { earlier.softnet[7] = SoftnetCounters() }
        let load = LoadMeasurement(from: earlier, to: later, meant: meant ?? online)
        let finding = LoadFinding(
            load, of: nil, on: SteeringHost(topology: CPUTopology(possible: online)), flows: 64)
        return LoadPrintout(
            QueueMeasurement(
                load: load, finding: finding, interface: nil, hasIRQBalance: irqbalance), flows: 64)
    }

    @Test("a measurement is a bar per CPU, its figures, and a sentence")
    func text() {
        #expect(
            printout([5745, 6894, 6128, 5745]).text == """
                host  24512 packets in 4.0 s  6128/s
                  CPU  packets   share                                            IPIs  interrupts  dropped
                    0     5745  23.4 %  #########                                    0           0        0
                    1     6894  28.1 %  ###########                                474           0        0
                    2     6128  25.0 %  ##########                                 474           0        0
                    3     5745  23.4 %  #########                                  474           0        0
                  J 0.994 (64 flows can reach about 0.955), 4.0 of 4 CPUs, busiest 1.13 times the mean
                  1422 IPIs, 0.058 a packet; 0 dropped, 0 times out of budget
                  Even: the work of 4.0 of 4 CPUs.

                """)
    }

    @Test("a CPU that should have no packets stands in brackets, and irqbalance is named")
    func brackets() {
        let text = printout([100, 2900], meant: [0], irqbalance: true).text
        #expect(text.contains("  (1)     2900  96.7 %  #########"))
        #expect(text.contains("irqbalance runs, and may have moved interrupts in between"))
        #expect(text.contains("Elsewhere: CPU 1 alone processed 97 % of the packets"))
    }

    @Test("JSON has the figures as numbers, and null for what is not known")
    func json() {
        let text = printout([24704, 0, 0, 0]).json.text
        for part in [
            #""conclusive":true"#, #""jain":0.2500"#, #""effectiveCPUs":1.0000"#,
            #""reachable":{"flows":64,"jain":0.9552}"#, #""interface":null,"#,
            #"{"cpu":0,"meant":true,"packets":24704,"share":1.0000,"ipis":0,"#,
        ] { #expect(text.contains(part), "\(part) is not in \(text)") }
        let empty = printout([]).json.text
        #expect(empty.contains(#""conclusive":false,"cpus":[],"changedCPUs":"7","jain":null"#))
    }
}
