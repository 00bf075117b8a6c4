import Netlink
import Plist
import RPSTuner

@testable import DataPlane

/// A host with eth0 and eth1, each with queues.
struct QueueHost {
    static let eth0: InterfaceIndex = 2
    static let eth1: InterfaceIndex = 3
    var state: KernelState

    init(
        cpus: Int = 4, channels: Channels? = Channels(combined: .init(1, of: 4)),
        kind: String? = nil
    ) {
        state = KernelState(links: [Link(index: 1, name: "lo", flags: 0x9, hardwareType: 772)])
        state.rules = [
            Rule(family: .ipv4, priority: 0, table: RouteTable.local, protocol: .kernel),
            Rule(family: .ipv4, priority: 32766, table: RouteTable.main, protocol: .kernel),
            Rule(family: .ipv4, priority: 32767, table: RouteTable.default, protocol: .kernel),
            Rule(family: .ipv6, priority: 0, table: RouteTable.local, protocol: .kernel),
            Rule(family: .ipv6, priority: 32766, table: RouteTable.main, protocol: .kernel),
        ]
        state.sysctls[.interface("all", "ipv4", "promote_secondaries")] = "1"
        state.sysctls[.flowTable] = "0"
        state.steeringHost = SteeringHost(topology: CPUTopology(possible: CPUMask(first: cpus)))
        for (index, name) in [(Self.eth0, "eth0"), (Self.eth1, "eth1")] {
            state.links.append(
                Link(
                    index: index, name: name, mac: MACAddress(bits: 0x02_0000_0000 + UInt64(index)),
                    group: 82, flags: 0x1, kind: kind))
            let count = channels.map { Int($0.combined?.current ?? $0.rx?.current ?? 1) } ?? 1
            state.queues[index] = ObservedQueues(
                channels: channels,
                queues: InterfaceQueues(
                    receive: Array(repeating: .init(rps: [], flows: 0), count: count),
                    transmit: Array(
                        repeating: .init(xps: channels == nil ? nil : []), count: count)))
        }
    }

    /// Gives eth1 virtio's interrupts, all on all CPUs.
    mutating func addInterrupts() {
        for queue in 0..<4 {
            for (end, direction) in [
                ("input", QueueInterrupt.Direction.receive), ("output", .transmit),
            ] {
                state.queues[Self.eth1]?.queues?.interrupts.append(
                    QueueInterrupt(
                        number: 40 + 2 * queue + (direction == .receive ? 0 : 1),
                        name: "virtio1-\(end).\(queue)", direction: direction, queue: queue,
                        affinity: state.steeringHost?.topology.online))
            }
        }
    }

    mutating func write(_ file: QueueFile, _ value: QueueValue) throws {
        try state.set(SteeringSetting(interface: Self.eth1, file, value))
    }

    /// A file with these `Queues` of eth1.
    static func file(_ queues: String, more: String = "") -> String {
        "{ Version = 1;\n Interfaces = ( { Name = eth1;\n Queues = { \(queues) }; } \(more)); }"
    }
}

extension KernelState {
    /// What eth1's files say, without those that say nothing: `rx-0 rps_cpus f`.
    var eth1Steering: [String] {
        (queues[QueueHost.eth1]?.queues?.values ?? []).filter { $0.value.text != "0" }
            .map { "\($0.file.name) \($0.value.text)" }
    }

    var eth1Channels: UInt32? { queues[QueueHost.eth1]?.channels?.combined?.current }
}

extension Plan {
    /// As people see it, queues alone.
    func queueLines(_ state: KernelState) -> [String] {
        let names = InterfaceNames(of: state.links)
        return changes.filter { ["channels", "steering"].contains($0.object.kind) }.map {
            let sign =
                switch $0.action {
                case .add: "+"
                case .replace: "~"
                case .remove: "-"
                }
            return "\(sign) \($0.object.kind) \($0.description(names: names, under: $0.owner))"
                + ($0.note.map { " (\($0))" } ?? "")
        }
    }
}
