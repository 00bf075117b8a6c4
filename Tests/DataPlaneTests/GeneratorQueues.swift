import Netlink
import RPSTuner

@testable import DataPlane

extension HostGenerator {
    /// CPUs, some of them offline or isolated, and queues for the NICs.
    mutating func makeQueues() {
        let count = random.pick(1, 2, 4, 8, 33)
        var topology = CPUTopology(possible: CPUMask(first: count))
        if count > 2, random.chance(30) { topology.online.remove(count - 1) }
        if count > 2, random.chance(30) { topology.isolated = [1] }
        if count > 3, random.chance(40) {
            topology.nodes = [
                0: CPUMask(0..<count / 2), 1: CPUMask(count / 2..<count),
            ]
        }
        state.steeringHost = SteeringHost(topology: topology)
        for link in state.links where link.name.hasPrefix("eth") {
            makeQueues(of: link, topology)
        }
        for index in file.interfaces.indices where random.chance(40) {
            let name = file.interfaces[index].name
            let link = state.links.first { $0.name == name }
            let hasChannels = link.flatMap { state.queues[$0.index]?.channels } != nil
            file.interfaces[index].queues = QueueWishes.one(&random, hasChannels: hasChannels)
        }
    }

    private mutating func makeQueues(of link: Link, _ topology: CPUTopology) {
        let maximum = random.number(1...8)
        let now = random.number(1...maximum)
        let count = Channels.Count(UInt32(now), of: UInt32(maximum))
        let channels: Channels? = random.pick(
            Channels(combined: count), Channels(rx: count, tx: count), nil)
        var queues = InterfaceQueues(node: random.pick(nil, 0, 1))
        for _ in 0..<now {
            // Somebody else may have steered before.
            let mask: CPUMask = random.chance(20) ? [0] : []
            queues.receive.append(.init(rps: mask, flows: random.pick(0, 0, 64)))
            queues.transmit.append(.init(xps: maximum == 1 ? nil : mask))
        }
        if random.chance(40) {
            for queue in 0..<maximum {
                for (end, direction) in [
                    ("input", QueueInterrupt.Direction.receive), ("output", .transmit),
                ] {
                    let number = 40 + 2 * queue + (direction == .receive ? 0 : 1)
                    queues.interrupts.append(
                        QueueInterrupt(
                            number: number, name: "virtio\(link.index)-\(end).\(queue)",
                            direction: direction, queue: queue, affinity: topology.online))
                }
            }
        }
        state.queues[link.index] = ObservedQueues(channels: channels, queues: queues)
    }
}

/// What a person may write into `Queues`, of what most hosts take.
enum QueueWishes {
    static func one(_ random: inout SeededGenerator, hasChannels: Bool = true) -> String {
        var keys: [String] = []
        if hasChannels, random.chance(50) { keys.append("Channels = max; ShrinkChannels = YES") }
        if random.chance(70) {
            keys.append("RPS = \(random.pick("auto", "off", "all", "exclude-irq", "\"0\""))")
        }
        if random.chance(60) { keys.append("XPS = \(random.pick("auto", "off", "unchanged"))") }
        if random.chance(30) { keys.append("IRQAffinity = auto") }
        if random.chance(30) { keys.append("RFS = off") }
        return keys.map { $0 + ";" }.joined(separator: " ")
    }
}
