import Netlink
import RPSTuner
import SystemPackage
import Testing

@Suite("queue files") struct QueueFilesTests {
    private let link = Link(
        index: 3, name: "eth1", mac: MACAddress("02:00:00:00:00:01"), mtu: 1500)

    /// eth1 with two queues, as virtio's second device behind a PCI function.
    private func tree() throws -> Tree {
        let tree = try Tree()
        let device = "sys/devices/pci0000:00/0000:00:03.0/virtio1"
        let net = device + "/net/eth1"
        try tree.write(net + "/ifindex", "3")
        try tree.write(net + "/address", "02:00:00:00:00:01")
        for queue in 0..<2 {
            try tree.write("\(net)/queues/rx-\(queue)/rps_cpus", "00000000,0000000\(queue)")
            try tree.write("\(net)/queues/rx-\(queue)/rps_flow_cnt", "\(64 * queue)")
            try tree.write("\(net)/queues/tx-\(queue)/xps_cpus", "00000000,\(queue)0000000")
        }
        try tree.link("sys/class/net/eth1", to: "../../" + net.dropFirst(4))
        try tree.link(net + "/device", to: "../../../virtio1")
        try tree.write("sys/devices/pci0000:00/0000:00:03.0/numa_node", "1")
        for number in 40...44 {
            try tree.write("sys/devices/pci0000:00/0000:00:03.0/msi_irqs/\(number)", "")
            try tree.write("proc/irq/\(number)/smp_affinity_list", "0-3")
            try tree.write("proc/irq/\(number)/effective_affinity_list", "\(number % 4)")
        }
        // The numbers are in no order, as after a change of channels.
        try tree.write(
            "proc/interrupts",
            """
                       CPU0       CPU2
              9:          1          0   IO-APIC   9-fasteoi   acpi
             40:          0          0  PCI-MSIX-0000:00:03.0   0-edge      virtio1-config
             41:         10         20  PCI-MSIX-0000:00:03.0   1-edge      virtio1-input.1
             42:          0          0  PCI-MSIX-0000:00:03.0   2-edge      virtio1-output.1
             43:          0          0  PCI-MSIX-0000:00:03.0   3-edge      virtio1-input.0
             44:          0          0  PCI-MSIX-0000:00:03.0   4-edge      virtio1-output.0
             50:          0          0  PCI-MSIX-0000:00:04.0   1-edge      virtio11-input.0
            NMI:          0          0   Non-maskable interrupts
            """)
        return tree
    }

    @Test("are read queue by queue") func reading() throws {
        let tree = try tree()
        let queues = try #require(QueueFiles(tree.sysfs).read(link, .all))
        #expect(
            queues.receive == [.init(rps: [], flows: 0), .init(rps: [0], flows: 64)])
        #expect(queues.transmit == [.init(xps: []), .init(xps: [28])])
        #expect(queues.interrupts.isEmpty)
        #expect(!queues.isReadOnly)
        #expect(queues.node == 1)
        let few = try #require(QueueFiles(tree.sysfs).read(link, .rps))
        #expect(few.receive == [.init(rps: []), .init(rps: [0])])
        #expect(few.transmit.isEmpty)
        #expect(few.node == nil)
    }

    @Test("interrupts are found by the index in their names") func interrupts() throws {
        let tree = try tree()
        let table = InterruptTable(tree.sysfs)
        let queues = try #require(QueueFiles(tree.sysfs).read(link, .all, interrupts: table))
        #expect(queues.interrupts.map(\.number) == [43, 44, 41, 42])
        #expect(queues.interrupts.map(\.queue) == [0, 0, 1, 1])
        #expect(queues.interrupts.map(\.direction) == [.receive, .transmit, .receive, .transmit])
        #expect(queues.interrupts[0].affinity == [0, 1, 2, 3])
        #expect(queues.interrupts[0].effective == [3])
        #expect(table.cpus == [0, 2])
        #expect(table.lines.first { $0.number == 41 }?.counts == [10, 20])
    }

    @Test(
        "the names that drivers give their interrupts",
        arguments: [
            ("virtio1-input.3", 3, .receive), ("virtio1-output.12", 12, .transmit),
            ("eth0-TxRx-3", 3, .both), ("i40e-eth0-TxRx-7", 7, .both),
            ("eth0-Tx-Rx-3", 3, .both), ("eth0-rx-0", 0, .receive), ("eth0-tx-10", 10, .transmit),
            ("mlx5_comp3@pci:0000:00:05.0", 3, .both), ("eth0-fp-2", 2, .both),
            ("mana_q1@pci:7870:00:00.0", 1, .both),
        ] as [(String, Int, QueueInterrupt.Direction)])
    func names(name: String, queue: Int, direction: QueueInterrupt.Direction) throws {
        let tree = try Tree()
        try tree.write("sys/class/net/eth0/ifindex", "3")
        try tree.write("sys/class/net/eth0/queues/rx-0/rps_cpus", "0")
        try tree.write("sys/devices/pci0/msi_irqs/9", "")
        try tree.link("sys/class/net/eth0/device", to: "../../../devices/pci0")
        try tree.write("proc/interrupts", "  CPU0\n 9:  0  MSI 1-edge  \(name)\n 10: 0 MSI x-rx-1")
        let link = Link(index: 3, name: "eth0")
        let queues = try #require(
            QueueFiles(tree.sysfs).read(link, .all, interrupts: InterruptTable(tree.sysfs)))
        #expect(queues.interrupts.map(\.queue) == [queue])
        #expect(queues.interrupts.first?.direction == direction)
    }

    @Test(
        "names that are no queue's",
        arguments: [
            "virtio1-config", "ena-mgmnt@pci:0000:00:05.0", "mlx5_async0@pci:0", "eth0", "9",
        ])
    func otherNames(name: String) throws {
        let tree = try Tree()
        try tree.write("sys/class/net/eth0/ifindex", "3")
        tree.makeFolder("sys/class/net/eth0/queues")
        try tree.write("sys/devices/pci0/msi_irqs/9", "")
        try tree.link("sys/class/net/eth0/device", to: "../../../devices/pci0")
        try tree.write("proc/interrupts", "  CPU0\n 9:  0  MSI 1-edge  \(name)")
        let queues = try #require(
            QueueFiles(tree.sysfs).read(
                Link(index: 3, name: "eth0"), .all, interrupts: InterruptTable(tree.sysfs)))
        #expect(queues.interrupts.isEmpty)
    }

    @Test("take what is written, and the name of the queue's interrupt decides its number")
    func writing() throws {
        let tree = try tree()
        let files = QueueFiles(tree.sysfs)
        try files.write(.cpus([0, 33]), to: .rps(1), of: link)
        #expect(try tree.read("sys/class/net/eth1/queues/rx-1/rps_cpus").hasPrefix("2,00000001"))
        try files.write(.count(128), to: .flows(0), of: link)
        #expect(try tree.read("sys/class/net/eth1/queues/rx-0/rps_flow_cnt").hasPrefix("128"))
        let table = InterruptTable(tree.sysfs)
        try files.write(
            .cpus([2]), to: .interrupt("virtio1-input.1"), of: link, interrupts: table)
        #expect(try tree.read("proc/irq/41/smp_affinity_list").hasPrefix("2"))
        let error = #expect(throws: KernelError.self) {
            try files.write(.cpus([0]), to: .rps(2), of: self.link)
        }
        #expect(error?.errno == .noSuchFileOrDirectory)
        #expect(error?.operation == "write rx-2 rps_cpus")
    }

    @Test("another namespace's interface of the same name is not taken for this one")
    func otherNamespace() throws {
        let tree = try tree()
        let files = QueueFiles(tree.sysfs)
        for (file, text) in [("ifindex", "4"), ("address", "02:00:00:00:00:02")] {
            try tree.write("sys/class/net/eth1/ifindex", "3")
            try tree.write("sys/class/net/eth1/\(file)", text)
            #expect(!files.shows(link))
            #expect(files.read(link, .all) == nil)
        }
        #expect(!files.shows(Link(index: 3, name: "eth9")))
    }
}
