import Netlink
import RPSTuner
import SystemPackage

@testable import DataPlane

extension KernelState {
    /// ethnl_set_channels and virtnet_set_channels: queues beyond the count go, new ones are made,
    /// and the driver sets XPS and interrupts anew.
    mutating func set(_ setting: ChannelSetting) throws(KernelError) {
        guard let observed = queues[setting.interface], let channels = observed.channels,
            var files = observed.queues
        else { throw KernelError("set channels", .notSupported) }
        let then = channels.with(setting.counts)
        for count in [then.rx, then.tx, then.combined].compactMap({ $0 })
        where count.current > count.maximum {
            throw KernelError(
                "set channels", .invalidArgument,
                message: "requested channel count exceeds maximum")
        }
        guard then != channels else { return }
        let combined = Int(then.combined?.current ?? 0)
        files.receive.resize(to: combined + Int(then.rx?.current ?? 0), .init(rps: [], flows: 0))
        files.transmit = Array(
            repeating: .init(xps: []), count: combined + Int(then.tx?.current ?? 0))
        for index in files.interrupts.indices {
            files.interrupts[index].affinity = steeringHost?.topology.online
        }
        queues[setting.interface] = ObservedQueues(channels: then, queues: files)
    }

    mutating func set(_ setting: SteeringSetting) throws(KernelError) {
        guard var files = queues[setting.interface]?.queues, files[setting.file] != nil else {
            throw KernelError("write \(setting.file.name)", .noSuchFileOrDirectory)
        }
        switch (setting.file, setting.value) {
        case (.rps(let queue), .cpus(let cpus)):
            let topology = steeringHost?.topology ?? CPUTopology(possible: [])
            guard cpus.isSubset(of: topology.possible) else {
                throw KernelError("write rps_cpus", .overflow)
            }
            // rps_cpumask_housekeeping
            guard cpus.isEmpty || !cpus.subtracting(topology.reserved).isEmpty else {
                throw KernelError("write rps_cpus", .invalidArgument)
            }
            files.receive[queue].rps = cpus.intersection(topology.eligible)
        case (.flows(let queue), .count(let count)): files.receive[queue].flows = count
        case (.xps(let queue), .cpus(let cpus)): files.transmit[queue].xps = cpus
        case (.interrupt(let name), .cpus(let cpus)):
            for index in files.interrupts.indices where files.interrupts[index].name == name {
                files.interrupts[index].affinity = cpus
            }
        default: throw KernelError("write \(setting.file.name)", .invalidArgument)
        }
        queues[setting.interface]?.queues = files
    }
}

extension Array {
    fileprivate mutating func resize(to count: Int, _ new: Element) {
        self = Array(prefix(count)) + Array(repeating: new, count: Swift.max(0, count - self.count))
    }
}

extension KernelState {
    /// No more of an interface's queues than was asked for.
    func seen(_ index: InterfaceIndex, _ interest: QueueInterest) -> ObservedQueues? {
        guard let link = link(index), var seen = queues[index], let files = seen.queues,
            let steeringHost
        else { return queues[index] }
        let device = SteeringDevice(link, channels: seen.channels, queues: files)
        if interest.changesChannels(of: device, on: steeringHost) { return seen }
        if !interest.aspects.contains(.xps) { seen.queues?.transmit = [] }
        if !interest.aspects.contains(.interrupts) { seen.queues?.interrupts = [] }
        if !interest.aspects.contains(.rfs) {
            for queue in files.receive.indices { seen.queues?.receive[queue].flows = nil }
        }
        return seen
    }
}

extension KernelState {
    /// One for each combined channel to come, under other numbers than before.
    mutating func makeInterrupts(of setting: ChannelSetting) {
        let count = Int(setting.counts.combined ?? 0)
        let name = link(setting.interface)?.name ?? ""
        queues[setting.interface]?.queues?.interrupts = (0..<count).map { queue in
            QueueInterrupt(
                number: 70 + queue, name: "\(name)-TxRx-\(queue)", direction: .both, queue: queue,
                affinity: steeringHost?.topology.online)
        }
    }
}
