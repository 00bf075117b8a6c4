import DataPlane
import Netlink
import Plist
import RPSTuner

/// What `queues show` shows.
struct QueuesPrintout {
    private let survey: QueueSurvey
    private let hasFile: Bool

    init(_ survey: QueueSurvey, hasFile: Bool) {
        self.survey = survey
        self.hasFile = hasFile
    }

    /// `now -> wanted` where the two differ.
    var text: String {
        ([host] + survey.interfaces.map(block)).joined()
    }

    private var host: String {
        let topology = survey.host.topology
        let facts = [
            "host  CPUs \(topology.online)",
            topology.reserved.isEmpty ? nil : "\(topology.reserved) isolated",
            topology.nodes.count > 1 ? "\(topology.nodes.count) nodes" : nil,
            survey.flowTable.map { "RFS table of \($0)" },
            survey.host.hasIRQBalance ? "irqbalance runs" : nil,
        ]
        return facts.compactMap { $0 }.joined(separator: ", ") + "\n"
    }

    private func block(_ interface: QueueSurvey.Interface) -> String {
        let facts = [
            interface.link.name, interface.link.identifyingMAC.map { "\($0)" },
            interface.channels.map(\.words),
            interface.device?.queues.node.map { "node \($0)" },
        ]
        let heading = facts.compactMap { $0 }.joined(separator: "  ") + "\n"
        guard let device = interface.device else {
            return heading + "  \(interface.obstacle ?? "")\n"
        }
        var table = TextTable(
            ["queue", "CPUs", "rps_cpus", "xps_cpus", "rps_flow_cnt", "interrupts on CPUs", "why"])
        for queue in 0..<interface.queueCount {
            let interrupts = device.queues.interrupts.filter { $0.queue == queue }
            table.append([
                "\(queue)", interface.plan.group(ofQueue: queue).listText,
                interface.cell(.rps(queue)), interface.cell(.xps(queue)),
                interface.cell(.flows(queue)),
                interrupts.map { interface.cell($0) }.joined(separator: ", "),
                interface.reason(ofQueue: queue) ?? "",
            ])
        }
        return heading + table.text + notes(interface).map { "  \($0)\n" }.joined()
    }

    private func notes(_ interface: QueueSurvey.Interface) -> [String] {
        let asked: [String] =
            interface.policy == nil
            ? [
                (hasFile ? "The file asks nothing of its queues" : "There is no file")
                    + "; RPS, XPS and IRQAffinity = auto would make them so."
            ] : []
        return asked
            + interface.plan.problems.map {
                "\($0.severity): \($0.message(of: interface.link.name))"
            }
    }

    var json: JSON {
        let topology = survey.host.topology
        return .object([
            "version": .integer(1),
            "host": .object([
                "cpus": .string(topology.online.listText),
                "eligible": .string(topology.eligible.listText),
                "isolated": .string(topology.reserved.listText),
                "irqbalance": .bool(survey.host.hasIRQBalance),
                "flowTable": survey.flowTable.map { .integer($0) } ?? .null,
            ]),
            "interfaces": .array(survey.interfaces.map(json)),
        ])
    }

    private func json(_ interface: QueueSurvey.Interface) -> JSON {
        .object([
            "name": .string(interface.link.name),
            "mac": .optional(interface.link.identifyingMAC?.description),
            "ifindex": .number(interface.link.index),
            "node": interface.device?.queues.node.map { .integer($0) } ?? .null,
            "asked": .bool(interface.policy != nil),
            "cpus": .string(CPUMask(interface.plan.local).listText),
            "channels": interface.channels?.json ?? .null,
            "queues": interface.device.map { device in
                .array((0..<interface.queueCount).map { json($0, interface, device) })
            } ?? .null,
            "problems": .array(
                interface.plan.problems.map {
                    .object([
                        "severity": .string("\($0.severity)"), "key": .string($0.key.rawValue),
                        "message": .string($0.message(of: interface.link.name)),
                    ])
                }),
        ])
    }

    private func json(
        _ queue: Int, _ interface: QueueSurvey.Interface, _ device: SteeringDevice
    ) -> JSON {
        .object([
            "queue": .integer(queue),
            "cpus": .string(interface.plan.group(ofQueue: queue).listText),
            "rps": interface.json(.rps(queue)),
            "xps": interface.json(.xps(queue)),
            "flows": interface.json(.flows(queue)),
            "interrupts": .array(
                device.queues.interrupts.filter { $0.queue == queue }.map { interrupt in
                    .object([
                        "number": .integer(interrupt.number),
                        "name": .string(interrupt.name),
                        "direction": .string("\(interrupt.direction)"),
                        "affinity": .optional(interrupt.affinity?.listText),
                        "cpus": .optional(interrupt.effective?.listText),
                        "wanted": .optional(
                            interface.plan.entry(.interrupt(interrupt.name))?.value.listText),
                    ])
                }),
        ])
    }
}

extension QueueSurvey.Interface {
    /// The queues that there are, or that there will be.
    fileprivate var queueCount: Int {
        let now = device.map { max($0.queues.receive.count, $0.queues.transmit.count) } ?? 0
        return max(now, plan.receiveCount, plan.transmitCount)
    }

    /// Why a queue's files shall be so; what RPS says counts first.
    fileprivate func reason(ofQueue queue: Int) -> String? {
        (plan.entry(.rps(queue)) ?? plan.entry(.xps(queue)) ?? plan.entry(.flows(queue)))?.reason
    }

    fileprivate func cell(_ file: QueueFile) -> String {
        let now = device?.queues[file]
        let wanted = plan.entry(file)?.value
        guard let wanted, wanted != now else { return now?.text ?? "-" }
        return "\(now?.text ?? "-") -> \(wanted.text)"
    }

    /// `25 on 0`, `25 on 0-3 -> 0`
    fileprivate func cell(_ interrupt: QueueInterrupt) -> String {
        let now = interrupt.affinity.map { QueueValue.cpus($0) }
        if let wanted = plan.entry(.interrupt(interrupt.name))?.value, wanted != now {
            return "\(interrupt.number) on \(now?.listText ?? "?") -> \(wanted.listText)"
        }
        let cpus = interrupt.effective ?? interrupt.affinity
        return "\(interrupt.number) on \(cpus?.listText ?? "?")"
    }

    fileprivate func json(_ file: QueueFile) -> JSON {
        let entry = plan.entry(file)
        return .object([
            "now": device?.queues[file]?.json ?? .null, "wanted": entry?.value.json ?? .null,
            "why": .optional(entry?.reason),
        ])
    }
}

extension QueueValue {
    fileprivate var listText: String {
        switch self {
        case .cpus(let cpus): cpus.listText
        case .count(let count): "\(count)"
        }
    }

    /// A mask as its file has it, a count as a number.
    fileprivate var json: JSON {
        switch self {
        case .cpus: .string(text)
        case .count(let count): .integer(count)
        }
    }
}

extension Channels {
    private var counts: [(key: String, value: Count?)] {
        [("rx", rx), ("tx", tx), ("combined", combined), ("other", other)]
    }

    /// `combined 2 of 4`
    fileprivate var words: String {
        counts.compactMap { key, count in
            count.map { "\(key) \($0.current) of \($0.maximum)" }
        }.joined(separator: ", ")
    }

    fileprivate var json: JSON {
        .object(
            counts.map { key, count in
                (
                    key,
                    count.map {
                        .object(["current": .number($0.current), "maximum": .number($0.maximum)])
                    }
                )
            })
    }
}
