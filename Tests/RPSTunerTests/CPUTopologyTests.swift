import RPSTuner
import Testing

@Suite("the machine, as /sys describes it") struct CPUTopologyTests {
    /// Two nodes of two cores with two threads each; CPU 7 is offline.
    private func machine() throws -> Tree {
        let tree = try Tree()
        let cpu = "sys/devices/system/cpu"
        try tree.write(cpu + "/possible", "0-7")
        try tree.write(cpu + "/online", "0-6")
        try tree.write(cpu + "/isolated", "6")
        try tree.write(cpu + "/nohz_full", "(null)")
        try tree.write("sys/fs/cgroup/cpuset.cpus.isolated", "5")
        try tree.write("sys/devices/system/node/online", "0-1")
        try tree.write("sys/devices/system/node/node0/cpulist", "0-1,4-5")
        try tree.write("sys/devices/system/node/node1/cpulist", "2-3,6-7")
        for number in 0..<7 {
            let (node, core) = (number % 4 / 2, number % 4)
            let folder = "\(cpu)/cpu\(number)"
            try tree.write(
                folder + "/topology/core_cpus_list", core == 3 ? "3" : "\(core),\(core + 4)")
            for (index, level) in [1, 1, 2, 3].enumerated() {
                let sharing =
                    level == 3 ? (node == 0 ? "0-1,4-5" : "2-3,6") : "\(core),\(core + 4)"
                try tree.write("\(folder)/cache/index\(index)/level", "\(level)")
                try tree.write("\(folder)/cache/index\(index)/shared_cpu_list", sharing)
            }
        }
        return tree
    }

    @Test("nodes, caches, cores and threads") func topology() throws {
        let tree = try machine()
        let topology = CPUTopology(tree.sysfs)
        #expect(topology.possible == CPUMask(first: 8))
        #expect(topology.online == CPUMask(first: 7))
        #expect(topology.isolated == [6])
        #expect(topology.nohzFull == [])
        #expect(topology.cgroupIsolated == [5])
        #expect(topology.eligible == [0, 1, 2, 3, 4])
        #expect(topology.nodes == [0: [0, 1, 4, 5], 1: [2, 3, 6, 7]])
        #expect(topology.places[5] == .init(node: 0, cache: 0, core: 1, thread: 1))
        #expect(topology.places[6] == .init(node: 1, cache: 2, core: 2, thread: 1))
        #expect(topology.places[3] == .init(node: 1, cache: 2, core: 3, thread: 0))
        #expect(topology.places[7] == nil)
        #expect(topology.inOrder(topology.online) == [0, 4, 1, 5, 2, 6, 3])
    }

    @Test("an older kernel's names, and one without nodes or caches") func plain() throws {
        let tree = try Tree()
        try tree.write("sys/devices/system/cpu/possible", "0-3")
        try tree.write("sys/devices/system/cpu/online", "0-3")
        for cpu in 0..<4 {
            try tree.write(
                "sys/devices/system/cpu/cpu\(cpu)/topology/thread_siblings_list",
                "\(cpu % 2),\(cpu % 2 + 2)")
        }
        let topology = CPUTopology(tree.sysfs)
        #expect(topology.nodes == [0: CPUMask(first: 4)])
        #expect(topology.inOrder(topology.eligible) == [0, 2, 1, 3])
    }

    @Test("the device's node is its PCI parent's where virtio has none") func node() throws {
        let tree = try Tree()
        tree.makeFolder("sys/devices/pci0000:00/0000:00:03.0/virtio1/net/eth0")
        try tree.write("sys/devices/pci0000:00/0000:00:03.0/numa_node", "1")
        try tree.link(
            "sys/class/net/eth0", to: "../../devices/pci0000:00/0000:00:03.0/virtio1/net/eth0")
        try tree.link(
            "sys/devices/pci0000:00/0000:00:03.0/virtio1/net/eth0/device", to: "../../../virtio1")
        #expect(tree.sysfs.node(of: "eth0") == 1)
        try tree.write("sys/devices/pci0000:00/0000:00:03.0/numa_node", "-1")
        #expect(tree.sysfs.node(of: "eth0") == nil)
        #expect(tree.sysfs.node(of: "eth9") == nil)
    }

    @Test("irqbalance is seen by its service or its socket, and not by a socket left behind")
    func irqbalance() throws {
        let tree = try Tree()
        #expect(!tree.sysfs.hasIRQBalance)
        try tree.write("run/irqbalance/irqbalance77.sock", "")
        #expect(!tree.sysfs.hasIRQBalance)
        tree.makeFolder("proc/77")
        #expect(tree.sysfs.hasIRQBalance)
        let other = try Tree()
        other.makeFolder("sys/fs/cgroup/system.slice/irqbalance.service")
        #expect(other.sysfs.hasIRQBalance)
    }

    @Test("this machine has CPUs that are online and in order") func thisMachine() {
        let topology = CPUTopology()
        #expect(!topology.online.isEmpty)
        #expect(topology.online.isSubset(of: topology.possible))
        #expect(Set(topology.places.keys) == Set(topology.online))
        #expect(CPUMask(topology.inOrder(topology.online)) == topology.online)
    }
}
