extension CPUTopology {
    /// Reads the topology of this machine. Equivalent to `lscpu -e`.
    public init(_ sysfs: SysFS = SysFS()) {
        let folder = sysfs.cpus
        self.init(
            possible: sysfs.list(folder + "/possible"), online: sysfs.list(folder + "/online"),
            isolated: sysfs.list(folder + "/isolated"), nohzFull: sysfs.list(folder + "/nohz_full"),
            cgroupIsolated: sysfs.list(sysfs.root + "/fs/cgroup/cpuset.cpus.isolated"))
        let nodeFolder = sysfs.root + "/devices/system/node"
        let numbers = sysfs.list(nodeFolder + "/online")
        if !numbers.isEmpty {
            nodes = [:]
            for node in numbers { nodes[node] = sysfs.list("\(nodeFolder)/node\(node)/cpulist") }
        }
        findPlaces(sysfs)
    }

    /// What CPUs share is read once, from the first of them.
    private mutating func findPlaces(_ sysfs: SysFS) {
        var cacheOf: [Int: Int] = [:]
        var coreOf: [Int: CPUMask] = [:]
        var nodeOf: [Int: Int] = [:]
        for (node, cpus) in nodes {
            for cpu in cpus { nodeOf[cpu] = node }
        }
        for cpu in online {
            if cacheOf[cpu] == nil {
                let sharing = sysfs.lastLevelCache(of: cpu)
                for other in sharing { cacheOf[other] = sharing.first }
            }
            if coreOf[cpu] == nil {
                let threads = sysfs.threads(besides: cpu)
                for thread in threads { coreOf[thread] = threads }
            }
            let threads = coreOf[cpu] ?? [cpu]
            places[cpu] = Place(
                node: nodeOf[cpu] ?? 0, cache: cacheOf[cpu] ?? 0, core: threads.first ?? cpu,
                thread: threads.prefix { $0 < cpu }.count)
        }
    }
}

extension SysFS {
    /// The CPUs that share the last-level cache with this one; empty where nothing is known.
    fileprivate func lastLevelCache(of cpu: Int) -> CPUMask {
        // They are numbered by level, the last one last.
        for index in (0..<5).reversed() {
            let sharing = list("\(cpus)/cpu\(cpu)/cache/index\(index)/shared_cpu_list")
            if !sharing.isEmpty { return sharing }
        }
        return []
    }

    /// The threads of a CPU's core, itself among them.
    fileprivate func threads(besides cpu: Int) -> CPUMask {
        for name in ["core_cpus_list", "thread_siblings_list"] {
            let threads = list("\(cpus)/cpu\(cpu)/topology/\(name)")
            if threads.contains(cpu) { return threads }
        }
        return [cpu]
    }
}
