import Netlink
import RPSTuner

extension CPUTopology {
    /// One node, one cache, no threads.
    init(count: Int) { self.init(possible: CPUMask(first: count)) }

    /// `nodes` × `cores` × 2 threads, numbered as x86 does: all first threads, then the second.
    init(nodes: Int, cores: Int) {
        let all = nodes * cores
        var cpus: [Int: CPUMask] = [:]
        var places: [Int: Place] = [:]
        for cpu in 0..<2 * all {
            let core = cpu % all
            cpus[core / cores, default: []].insert(cpu)
            places[cpu] = Place(
                node: core / cores, cache: core / cores * cores, core: core, thread: cpu / all)
        }
        self.init(possible: CPUMask(first: 2 * all), nodes: cpus, places: places)
    }
}

extension SteeringDevice {
    /// A device with as many receive and transmit queues, all off.
    init(queues: Int, of maximum: Int? = nil, node: Int? = nil) {
        self.init(
            name: "eth1",
            channels: Channels(combined: .init(UInt32(queues), of: UInt32(maximum ?? queues))),
            queues: InterfaceQueues(
                receive: Array(repeating: .init(rps: [], flows: 0), count: queues),
                transmit: Array(repeating: .init(xps: queues > 1 ? [] : nil), count: queues),
                node: node))
    }

    /// With virtio's interrupts, each on one CPU.
    func withInterrupts(on cpus: [Int]) -> SteeringDevice {
        var device = self
        for (queue, cpu) in cpus.enumerated() {
            for (offset, end) in [
                ("input", QueueInterrupt.Direction.receive), ("output", .transmit),
            ]
            .enumerated() {
                device.queues.interrupts.append(
                    QueueInterrupt(
                        number: 40 + 2 * queue + offset, name: "virtio1-\(end.0).\(queue)",
                        direction: end.1, queue: queue, affinity: [cpu], effective: [cpu]))
            }
        }
        return device
    }
}

extension SteeringPolicy {
    init(_ change: (inout SteeringPolicy) -> Void) {
        self.init()
        change(&self)
    }
}

extension SteeringPlan {
    /// The masks of a key's files in their order, as the kernel takes them.
    func masks(_ key: SteeringKey) -> [String] {
        entries.filter { $0.key == key }.map(\.value.text)
    }

    /// What a policy asks for on a machine.
    init(
        _ device: SteeringDevice, on topology: CPUTopology, irqbalance: Bool = false,
        flowTable: Bool = true, _ change: (inout SteeringPolicy) -> Void
    ) {
        self.init(
            SteeringPolicy(change), for: device,
            on: SteeringHost(
                topology: topology, hasIRQBalance: irqbalance, hasFlowTable: flowTable))
    }
}
