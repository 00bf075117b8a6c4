import DataPlane
import Netlink
import RPSTuner

/// What `queues measure` shows.
struct LoadPrintout {
    private static let barWidth = 40

    private let load: LoadMeasurement
    private let finding: LoadFinding
    /// nil: no interface received anything.
    private let interface: String?
    private let flows: Int
    private let hasIRQBalance: Bool

    init(_ measurement: QueueMeasurement, flows: Int) {
        load = measurement.load
        finding = measurement.finding
        interface = measurement.interface?.link.name
        hasIRQBalance = measurement.hasIRQBalance
        self.flows = flows
    }

    /// A bar per CPU, the figures, and what they mean.
    var text: String {
        let rate = Double(load.packets) / max(load.seconds, 1e-9)
        let heading = [
            interface ?? "host", "\(load.packets) packets in \(load.seconds.text(1)) s",
            "\(rate.text(0))/s",
        ]
        return heading.joined(separator: "  ") + "\n" + bars
            + figures.map { "  \($0)\n" }.joined() + "  \(finding.meaning)\n"
            + (finding.advice.map { "  \($0)\n" } ?? "")
    }

    private var bars: String {
        let isPartlyMeant = load.cpus.contains { !$0.isMeant }
        var table = TextTable(
            ["CPU", "packets", "share", "", "IPIs", "interrupts", "dropped"],
            numbers: [0, 1, 2, 4, 5, 6])
        for cpu in load.cpus {
            let length = Int((cpu.share * Double(Self.barWidth)).rounded())
            let bar =
                String(repeating: "#", count: length)
                + String(repeating: " ", count: Self.barWidth - length)
            table.append([
                (isPartlyMeant && !cpu.isMeant ? "(\(cpu.number))" : "\(cpu.number)"),
                "\(cpu.counters.processed)", "\((cpu.share * 100).text(1)) %", bar,
                "\(cpu.counters.ipis)", "\(cpu.interrupts)", "\(cpu.counters.dropped)",
            ])
        }
        return table.text
    }

    private var figures: [String] {
        var lines: [String] = []
        if let jain = load.jain, let effective = load.effectiveCPUs,
            let maximum = load.maximumOverMean
        {
            let reachable = load.reachableJain(flows: flows).text(3)
            lines.append(
                "J \(jain.text(3)) (\(flows) flows can reach about \(reachable)), "
                    + "\(effective.text(1)) of \(load.meant.count) CPUs, "
                    + "busiest \(maximum.text(2)) times the mean")
        }
        lines.append(
            "\(load.ipis) IPIs, \(load.ipisPerPacket.text(3)) a packet; \(load.dropped) dropped, "
                + "\(load.squeezed) times out of budget")
        if let interface, let received = load.received, received < load.packets / 2 {
            lines.append(
                "\(interface) received \(received) of these packets: the others are other "
                    + "interfaces', or other network namespaces'")
        }
        if !load.changedCPUs.isEmpty {
            lines.append("CPUs that came or went in between are not counted: \(load.changedCPUs)")
        }
        if hasIRQBalance {
            lines.append("irqbalance runs, and may have moved interrupts in between")
        }
        return lines
    }

    var json: JSON {
        .object([
            "version": .integer(1),
            "interface": .optional(interface),
            "seconds": .decimal(load.seconds),
            "packets": .number(load.packets),
            "received": load.received.map { .number($0) } ?? .null,
            "conclusive": .bool(load.isConclusive),
            "cpus": .array(load.cpus.map(json)),
            "changedCPUs": .string(load.changedCPUs.listText),
            "jain": .decimal(load.jain),
            "reachable": .object([
                "flows": .integer(flows), "jain": .decimal(load.reachableJain(flows: flows)),
            ]),
            "effectiveCPUs": .decimal(load.effectiveCPUs),
            "maximumOverMean": .decimal(load.maximumOverMean),
            "ipis": .number(load.ipis),
            "ipisPerPacket": .decimal(load.ipisPerPacket),
            "dropped": .number(load.dropped),
            "squeezed": .number(load.squeezed),
            "irqbalance": .bool(hasIRQBalance),
            "meaning": .string(finding.meaning),
            "advice": .optional(finding.advice),
        ])
    }

    private func json(_ cpu: LoadMeasurement.CPU) -> JSON {
        .object([
            "cpu": .integer(cpu.number),
            "meant": .bool(cpu.isMeant),
            "packets": .number(cpu.counters.processed),
            "share": .decimal(cpu.share),
            "ipis": .number(cpu.counters.ipis),
            "interrupts": .number(cpu.interrupts),
            "softirqs": .number(cpu.rounds),
            "dropped": .number(cpu.counters.dropped),
            "squeezed": .number(cpu.counters.squeezed),
        ])
    }
}
