import Netlink
import RPSTuner
import Testing

@Suite("channels that are asked for") struct ChannelPolicyTests {
    private func plan(
        _ channels: Channels?, _ wanted: SteeringPolicy.Channels, cpus: Int = 8,
        shrinks: Bool = false, isFixed: Bool = false
    ) -> SteeringPlan {
        var device = SteeringDevice(queues: 1)
        device.channels = channels
        device.hasFixedChannels = isFixed
        return SteeringPlan(device, on: CPUTopology(count: cpus)) {
            $0.channels = wanted
            $0.shrinksChannels = shrinks
        }
    }

    @Test(
        "max is what the device has and the CPUs can use",
        arguments: [(1, 16, 8, 8), (1, 4, 8, 4), (4, 8, 2, nil), (8, 8, 8, nil)]
            as [(UInt32, UInt32, Int, UInt32?)])
    func max(now: UInt32, maximum: UInt32, cpus: Int, wanted: UInt32?) {
        let plan = plan(Channels(combined: .init(now, of: maximum)), .max, cpus: cpus)
        #expect(plan.channels == wanted.map { ChannelCounts(combined: $0) })
        #expect(plan.errors.isEmpty)
        if let wanted { #expect(plan.receiveCount == Int(wanted)) }
    }

    @Test("max takes channels away only where that is allowed") func shrinking() {
        let channels = Channels(combined: .init(8, of: 8))
        #expect(plan(channels, .max, cpus: 2).channels == nil)
        #expect(
            plan(channels, .max, cpus: 2).problems.map(\.kind) == [
                .moreChannelsThanUseful(now: 8, useful: 2)
            ])
        #expect(
            plan(channels, .max, cpus: 2, shrinks: true).channels == ChannelCounts(combined: 2))
        #expect(
            plan(channels, .count(2)).errors.map(\.kind) == [.fewerChannels(2, now: 8)])
        #expect(plan(channels, .count(2), shrinks: true).channels == ChannelCounts(combined: 2))
    }

    @Test("separate receive and transmit channels are set together, each as far as it goes")
    func separate() {
        let veth = Channels(rx: .init(1, of: 4), tx: .init(1, of: 4))
        #expect(plan(veth, .max).channels == ChannelCounts(rx: 4, tx: 4))
        #expect(plan(veth, .max).receiveCount == 4)
        let uneven = Channels(rx: .init(1, of: 4), tx: .init(1, of: 2))
        #expect(plan(uneven, .max).channels == ChannelCounts(rx: 4, tx: 2))
        #expect(plan(uneven, .count(5)).errors.map(\.kind) == [.tooManyChannels(5, maximum: 4)])
        let either = Channels(
            rx: .init(4, of: 8), tx: .init(4, of: 8), combined: .init(0, of: 8))
        #expect(plan(either, .count(8)).channels == ChannelCounts(rx: 8, tx: 8))
    }

    @Test("equal counts are not set") func equal() {
        #expect(plan(Channels(combined: .init(4, of: 8)), .count(4)).channels == nil)
        #expect(plan(Channels(rx: .init(4, of: 4), tx: .init(4, of: 4)), .max).channels == nil)
    }

    @Test("more than the device has, none at all, and a tun's are errors") func errors() {
        let combined = Channels(combined: .init(1, of: 4))
        #expect(plan(combined, .count(8)).errors.map(\.kind) == [.tooManyChannels(8, maximum: 4)])
        #expect(plan(nil, .max).errors.map(\.kind) == [.noChannels])
        #expect(plan(Channels(other: .init(1, of: 1)), .max).errors.map(\.kind) == [.noChannels])
        #expect(
            plan(combined, .count(2), isFixed: true).errors.map(\.kind) == [.fixedChannels(1)])
        #expect(plan(combined, .count(1), isFixed: true).errors.isEmpty)
    }
}

@Suite("what can be foreseen") struct SteeringProblemTests {
    private func kinds(
        _ device: SteeringDevice = SteeringDevice(queues: 2), _ topology: CPUTopology? = nil,
        flowTable: Bool = true, _ change: (inout SteeringPolicy) -> Void
    ) -> [SteeringProblem.Kind] {
        SteeringPlan(
            device, on: topology ?? CPUTopology(count: 4), flowTable: flowTable, change
        ).problems.map(\.kind)
    }

    @Test("a CPU list beyond the machine, by the key that has it") func beyond() {
        let four = CPUMask(first: 4)
        #expect(kinds { $0.rps = .cpus([3, 4]) } == [.cpusBeyondMachine([4], possible: four)])
        #expect(kinds { $0.xps = .cpus([9]) }.first == .cpusBeyondMachine([9], possible: four))
        #expect(kinds { $0.cpus = [0, 4] } == [.cpusBeyondMachine([4], possible: four)])
        let problem = SteeringPlan(SteeringDevice(queues: 2), on: CPUTopology(count: 4)) {
            $0.cpus = [0, 4, 5]
        }.problems[0]
        #expect(problem.key == .cpus)
        #expect(
            problem.message(of: "eth1")
                == "CPUs 4-5 of 'CPUs' is beyond this machine, which has CPUs 0-3")
    }

    @Test("a list that leaves no CPU") func noneLeft() {
        var topology = CPUTopology(count: 4)
        topology.online = [0, 1, 2]
        topology.isolated = [2]
        #expect(
            kinds(topology: topology) { $0.rps = .cpus([3]) } == [
                .cpusOffline([3]), .noEligibleCPU,
            ])
        #expect(
            kinds(topology: topology) { $0.rps = .cpus([2]) } == [
                .cpusReserved([2]), .noEligibleCPU,
            ])
        #expect(
            kinds(topology: topology) {
                $0.cpus = [2]
                $0.rps = .auto
            } == [.cpusReserved([2]), .noEligibleCPU])
        #expect(kinds(topology: topology) { $0.rps = .cpus([0, 2]) } == [.cpusReserved([2])])
        #expect(
            kinds(topology: topology) {
                $0.cpus = [0]
                $0.rps = .cpus([1])
            } == [.noEligibleCPU])
    }

    private func kinds(
        topology: CPUTopology, _ change: (inout SteeringPolicy) -> Void
    ) -> [SteeringProblem.Kind] {
        kinds(SteeringDevice(queues: 2), topology, change)
    }

    @Test("one transmit queue leaves XPS nothing to choose") func oneQueue() {
        let device = SteeringDevice(queues: 1)
        let auto = SteeringPlan(device, on: CPUTopology(count: 4)) { $0.xps = .auto }
        #expect(auto.problems.map(\.severity) == [.note])
        let list = SteeringPlan(device, on: CPUTopology(count: 4)) { $0.xps = .cpus([1]) }
        #expect(list.errors.map(\.kind) == [.oneTransmitQueue])
    }

    @Test("a kernel without RPS, XPS or RFS") func missing() {
        var device = SteeringDevice(queues: 2)
        device.queues.receive = [.init(), .init()]
        device.queues.transmit = [.init(), .init()]
        #expect(kinds(device) { $0.rps = .auto } == [.noRPS])
        #expect(kinds(device) { $0.xps = .auto } == [.noXPS])
        #expect(kinds(device) { $0.rfs = .entries(64) } == [.noRFS])
        #expect(
            kinds(device) {
                $0.rps = .off
                $0.xps = .off
                $0.rfs = .off
            } == [])
        #expect(kinds(flowTable: false) { $0.rfs = .entries(64) } == [.noFlowTable])
    }

    @Test("a read-only /sys stops what would be written, and nothing else") func readOnly() {
        var device = SteeringDevice(queues: 2)
        device.queues.isReadOnly = true
        #expect(kinds(device) { $0.rps = .auto } == [.readOnly])
        #expect(kinds(device) { $0.rps = .off } == [])
    }
}
