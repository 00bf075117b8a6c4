import Netlink
import Plist
import RPSTuner
import Testing

@testable import DataPlane

@Suite("Queues in a plan") struct QueuePlanTests {
    @Test("channels, then XPS and interrupts, then RPS, then RFS") func order() throws {
        var host = QueueHost(cpus: 8)
        host.addInterrupts()
        let machine = try Machine(host.state)
        let text = QueueHost.file(
            "Channels = 2; RPS = auto; XPS = auto; RFS = 4096; IRQAffinity = auto;")
        let plan = try machine.preview(text).plan
        #expect(plan.conflicts == [])
        #expect(
            plan.queueLines(host.state) == [
                "~ channels combined 1 -> 2", "~ steering tx-0 xps_cpus 0 -> f",
                "+ steering tx-1 xps_cpus f0",
                "~ steering virtio1-input.0 smp_affinity_list 0-7 -> 0",
                "~ steering virtio1-output.0 smp_affinity_list 0-7 -> 0",
                "~ steering virtio1-input.1 smp_affinity_list 0-7 -> 4",
                "~ steering virtio1-output.1 smp_affinity_list 0-7 -> 4",
                "~ steering rx-0 rps_cpus 0 -> f", "+ steering rx-1 rps_cpus f0",
                "~ steering rx-0 rps_flow_cnt 0 -> 2048", "+ steering rx-1 rps_flow_cnt 2048",
            ])
        #expect(
            plan.changes.flatMap { $0.commands(names: InterfaceNames(of: host.state.links)) }
                .filter { !$0.hasPrefix("ip ") } == [
                    "sysctl -q -w net.core.rps_sock_flow_entries=4096",
                    "ethtool -L eth1 combined 2",
                    "echo f > /sys/class/net/eth1/queues/tx-0/xps_cpus",
                    "echo f0 > /sys/class/net/eth1/queues/tx-1/xps_cpus",
                    "echo 0 > /proc/irq/40/smp_affinity_list",
                    "echo 0 > /proc/irq/41/smp_affinity_list",
                    "echo 4 > /proc/irq/42/smp_affinity_list",
                    "echo 4 > /proc/irq/43/smp_affinity_list",
                    "echo f > /sys/class/net/eth1/queues/rx-0/rps_cpus",
                    "echo f0 > /sys/class/net/eth1/queues/rx-1/rps_cpus",
                    "echo 2048 > /sys/class/net/eth1/queues/rx-0/rps_flow_cnt",
                    "echo 2048 > /sys/class/net/eth1/queues/rx-1/rps_flow_cnt",
                ])
        guard case .applied = try machine.apply(text).result else {
            Issue.record("not applied")
            return
        }
        #expect(machine.state.sysctls[.flowTable] == "4096")
        let requests = machine.kernel.requests
        guard case .unchanged = try machine.apply(text).result else {
            Issue.record("a second apply does something")
            return
        }
        #expect(machine.kernel.requests == requests)
        _ = try machine.teardown()
        #expect(Snapshot(machine.state) == Snapshot(host.state))
    }

    @Test("equal values of queues that stay are written again behind a change of channels")
    func again() throws {
        var host = QueueHost(cpus: 4)
        try host.write(.rps(0), .cpus([0, 1]))
        let plan = try Machine(host.state).preview(QueueHost.file("Channels = 2; RPS = auto;")).plan
        #expect(
            plan.queueLines(host.state) == [
                "~ channels combined 1 -> 2",
                "+ steering rx-0 rps_cpus 3 (again, behind the change of channels)",
                "+ steering rx-1 rps_cpus c",
            ])
    }

    @Test("a mask that the kernel narrows is a warning once, and no difference later")
    func narrowed() throws {
        let machine = try Machine(QueueHost(cpus: 4).state)
        machine.kernel.housekeeping = [0, 1]
        let text = QueueHost.file("RPS = all; XPS = \"2-3\"; Channels = 2;")
        let outcome = try machine.apply(text)
        guard case .applied = outcome.result else {
            Issue.record("\(outcome.result)")
            return
        }
        let said = outcome.warnings.map(\.message).filter { $0.contains("took only") }
        #expect(
            said == [
                "the kernel took only no CPU of 2-3 for tx-0 xps_cpus of eth1",
                "the kernel took only no CPU of 2-3 for tx-1 xps_cpus of eth1",
                "the kernel took only CPUs 0-1 of 0-3 for rx-0 rps_cpus of eth1",
                "the kernel took only CPUs 0-1 of 0-3 for rx-1 rps_cpus of eth1",
            ])
        #expect(
            outcome.warnings.allSatisfy { $0.location?.line == 3 || !$0.message.contains("took") })
        let second = try machine.apply(text)
        guard case .unchanged = second.result else {
            Issue.record("\(second.plan.queueLines(machine.state))")
            return
        }
        // Somebody's own value is a difference again.
        try machine.kernel.disturb(
            .add(.steering(SteeringSetting(interface: QueueHost.eth1, .rps(0), .cpus([1])))))
        #expect(
            try machine.preview(text).plan.queueLines(machine.state) == [
                "~ steering rx-0 rps_cpus 2 -> f"
            ])
        _ = try machine.apply(text)
        _ = try machine.teardown()
        #expect(machine.state.eth1Steering == [])
    }

    @Test("interrupts that the kernel manages are one warning, and no difference later")
    func managedInterrupts() throws {
        var host = QueueHost(cpus: 4, channels: Channels(combined: .init(2, of: 2)))
        host.addInterrupts()
        let machine = try Machine(host.state)
        machine.kernel.managesInterrupts = true
        let text = QueueHost.file("IRQAffinity = auto;")
        let outcome = try machine.apply(text)
        #expect(
            outcome.warnings.map(\.message).filter { $0.contains("manages") } == [
                "the kernel manages 4 interrupts of eth1 itself; their affinity is left"
            ])
        guard case .applied = outcome.result, case .unchanged = try machine.apply(text).result
        else {
            Issue.record("\(outcome.result)")
            return
        }
        #expect(machine.state.eth1Steering == host.state.eth1Steering)
    }

    @Test("interrupts that the driver makes with its channels are steered in the same run")
    func newInterrupts() throws {
        var host = QueueHost(cpus: 4)
        host.state.makeInterrupts(
            of: ChannelSetting(interface: QueueHost.eth1, ChannelCounts(combined: 1)))
        let machine = try Machine(host.state)
        machine.kernel.makesInterrupts = true
        let text = QueueHost.file("Channels = 2; IRQAffinity = auto; RPS = auto;")
        let outcome = try machine.apply(text)
        guard case .applied = outcome.result, case .unchanged = try machine.apply(text).result
        else {
            Issue.record("\(outcome.result)")
            return
        }
        #expect(
            machine.state.eth1Steering == [
                "rx-0 rps_cpus 3", "rx-1 rps_cpus c", "eth1-TxRx-0 smp_affinity_list 1",
                "eth1-TxRx-1 smp_affinity_list 4",
            ])
        _ = try machine.teardown()
        #expect(machine.state.eth1Steering == ["eth1-TxRx-0 smp_affinity_list f"])
    }

    @Test("what goes with the channels that are taken away comes back with them")
    func shrinking() throws {
        var host = QueueHost(cpus: 2, channels: Channels(combined: .init(4, of: 4)))
        try host.write(.rps(3), .cpus([1]))
        try host.write(.xps(0), .cpus([1]))
        try host.write(.flows(2), .count(64))
        let machine = try Machine(host.state)
        let text = QueueHost.file("Channels = max; ShrinkChannels = YES;")
        _ = try machine.apply(text)
        #expect(machine.state.eth1Channels == 2)
        #expect(machine.state.eth1Steering == [])
        guard case .unchanged = try machine.apply(text).result else {
            Issue.record("a second apply does something")
            return
        }
        _ = try machine.teardown()
        #expect(Snapshot(machine.state) == Snapshot(host.state))
    }

    @Test("masks follow channels that go back because the file no longer names them")
    func returning() throws {
        let machine = try Machine(
            QueueHost(cpus: 2, channels: Channels(combined: .init(1, of: 2))).state)
        _ = try machine.apply(QueueHost.file("Channels = 2; RPS = auto; XPS = auto;"))
        #expect(machine.state.eth1Steering == ["tx-0 xps_cpus 1", "tx-1 xps_cpus 2"])
        let outcome = try machine.apply(QueueHost.file("RPS = auto;"))
        guard case .applied = outcome.result else {
            Issue.record("\(outcome.result)")
            return
        }
        #expect(machine.state.eth1Channels == 1)
        #expect(machine.state.eth1Steering == ["rx-0 rps_cpus 3"])
    }

    @Test("what somebody else has changed since is left, and said") func foreign() throws {
        let machine = try Machine(QueueHost(cpus: 4).state)
        _ = try machine.apply(QueueHost.file("Channels = 2; RPS = auto;"))
        let eth1 = QueueHost.eth1
        try machine.kernel.disturb(
            .add(.channels(ChannelSetting(interface: eth1, ChannelCounts(combined: 3)))))
        try machine.kernel.disturb(
            .add(.steering(SteeringSetting(interface: eth1, .rps(1), .cpus([3])))))
        let outcome = try machine.teardown()
        #expect(machine.state.eth1Channels == 3)
        #expect(machine.state.eth1Steering == ["rx-1 rps_cpus 8"])
        #expect(
            outcome.warnings.map(\.message) == [
                "channels of eth1: combined 3 is not what rtsetup set; it is left, and not put back "
                    + "to combined 1",
                "steering of eth1: rx-1 rps_cpus 8 is not what rtsetup set; it is left, and not put "
                    + "back to rx-1 rps_cpus 0",
            ])
    }

    @Test("an interface that is not managed any more keeps its queues as they are")
    func released() throws {
        let machine = try Machine(QueueHost(cpus: 4).state)
        _ = try machine.apply(QueueHost.file("Channels = 2; RPS = auto;"))
        _ = try machine.apply("{ Version = 1; Interfaces = ( { Name = eth1; Managed = NO; } ); }")
        _ = try machine.teardown()
        #expect(machine.state.eth1Channels == 2)
        #expect(machine.state.eth1Steering == ["rx-0 rps_cpus 3", "rx-1 rps_cpus c"])
    }

    @Test("two interfaces share the flow table: it holds what the larger one needs")
    func flowTable() throws {
        let machine = try Machine(QueueHost(cpus: 4).state)
        let text = QueueHost.file(
            "RFS = 1000;", more: ", { Name = eth0; Queues = { RFS = 3000; }; }")
        _ = try machine.apply(text)
        #expect(machine.state.sysctls[.flowTable] == "4096")
        #expect(machine.state.eth1Steering == ["rx-0 rps_flow_cnt 512"])
        _ = try machine.teardown()
        #expect(machine.state.sysctls[.flowTable] == "0")
    }

    @Test("the state folder remembers every kind, through its text") func record() throws {
        var memory = Memory()
        let eth1 = QueueHost.eth1
        let objects: [(KernelObject, KernelObject)] = [
            (
                .channels(ChannelSetting(interface: eth1, ChannelCounts(rx: 1, tx: 2))),
                .channels(ChannelSetting(interface: eth1, ChannelCounts(rx: 3, tx: 4)))
            ),
            (
                .steering(SteeringSetting(interface: eth1, .rps(33), .cpus([0, 64]))),
                .steering(SteeringSetting(interface: eth1, .rps(33), .cpus([])))
            ),
            (
                .steering(
                    SteeringSetting(interface: eth1, .interrupt("virtio1-input.0"), .cpus([2]))),
                .steering(
                    SteeringSetting(interface: eth1, .interrupt("virtio1-input.0"), .cpus([3])))
            ),
            (
                .steering(SteeringSetting(interface: eth1, .flows(0), .count(64))),
                .steering(SteeringSetting(interface: eth1, .flows(0), .count(128)))
            ),
            (
                .steering(SteeringSetting(interface: eth1, .xps(7), .cpus([1]))),
                .steering(SteeringSetting(interface: eth1, .xps(7), .cpus([2])))
            ),
        ]
        for (first, ours) in objects {
            memory.settings[first.identity] = RememberedSetting(
                first: first, ours: ours, narrowed: first.kind == "steering" ? first : nil)
        }
        let identity = StateFolder.Identity(boot: "b", namespace: "n")
        let text = MemoryRecord(identity: identity, memory: memory).text
        #expect(try MemoryRecord(Array(text.utf8), path: "state").memory == memory)
    }
}

@Suite("Queues that cannot be") struct QueueConflictTests {
    private func conflicts(_ queues: String, _ host: QueueHost = QueueHost()) throws -> [String] {
        try Machine(host.state).preview(QueueHost.file(queues)).plan.conflicts.map {
            "\($0.location?.line ?? 0):\($0.location?.column ?? 0): \($0.message)"
        }
    }

    @Test(
        "each is said at its place in the file",
        arguments: [
            ("RPS = \"2-4\";", "3:19: CPU 4 of 'RPS' is beyond this machine, which has CPUs 0-3"),
            ("CPUs = \"9\";", "3:20: CPU 9 of 'CPUs' is beyond this machine, which has CPUs 0-3"),
            ("Channels = 5;", "3:24: eth1 has at most 4 channels, not 5; write max"),
        ])
    func places(queues: String, message: String) throws {
        #expect(try conflicts(queues).first == message)
    }

    @Test("no channels, one queue, a tun, fewer channels, no CPU left") func devices() throws {
        #expect(
            try conflicts("Channels = max;", QueueHost(channels: nil)) == [
                "3:24: eth1 has no channels that could be set"
            ])
        #expect(
            try conflicts("XPS = \"0\";", QueueHost(channels: nil)) == [
                "3:19: eth1 has one transmit queue: there is nothing for XPS to choose"
            ])
        #expect(
            try conflicts("Channels = max;", QueueHost(kind: "tun")) == [
                "3:24: the channel of eth1 is decided by the program that opened it"
            ])
        #expect(
            try conflicts("Channels = 2;", QueueHost(channels: Channels(combined: .init(4, of: 4))))
                == [
                    "3:24: eth1 has 4 channels now, and 2 would be fewer; if that is meant: "
                        + "ShrinkChannels = YES"
                ])
        var host = QueueHost()
        host.state.steeringHost?.topology.isolated = [1, 2]
        #expect(
            try conflicts("RPS = \"1\";", host) == [
                "3:19: 'RPS' leaves no CPU of this machine that packets may be steered to"
            ])
    }

    @Test("a read-only /sys, another namespace's /sys, a namespace without a flow table")
    func surroundings() throws {
        var host = QueueHost()
        host.state.queues[QueueHost.eth1]?.queues?.isReadOnly = true
        #expect(
            try conflicts("RPS = auto;", host).first?.hasPrefix("3:19: /sys or /proc is") == true)
        #expect(try conflicts("RPS = off;", host) == [])
        host.state.queues[QueueHost.eth1]?.queues = nil
        #expect(try conflicts("RPS = auto;", host).first?.contains("ip netns exec") == true)
        var other = QueueHost()
        other.state.sysctls[.flowTable] = nil
        #expect(
            try conflicts("RFS = 64;", other).first?.contains("only the initial network namespace")
                == true)
    }

    @Test("counts of channels that nothing has are no trap")
    func hugeCounts() throws {
        let host = QueueHost(channels: Channels(rx: .init(1, of: 4), combined: .init(1, of: 4)))
        let preview = try Machine(host.state).preview(QueueHost.file("RPS = off;"))
        var memory = Memory()
        let channels = KernelObject.Identity.channels(QueueHost.eth1)
        func setting(_ count: UInt32) -> KernelObject {
            .channels(
                ChannelSetting(interface: QueueHost.eth1, ChannelCounts(combined: count)))
        }
        memory.settings[channels] = RememberedSetting(first: setting(.max), ours: setting(1))
        let plan = Plan(from: host.state, to: preview.desired, memory: memory)
        #expect(plan.changes.contains { $0.object == setting(.max) })
    }

    @Test("a conflict of one key changes nothing at all") func nothing() throws {
        let machine = try Machine(QueueHost().state)
        #expect(throws: SessionError.self) {
            try machine.apply(QueueHost.file("Channels = 5; RPS = auto;"))
        }
        #expect(machine.kernel.requests == 0)
    }
}
