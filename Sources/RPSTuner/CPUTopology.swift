/// Where a machine's CPUs are, and which of them packets may be steered to.
public struct CPUTopology: Hashable, Sendable {
    /// Where one CPU is; caches and cores have the number of their first CPU.
    public struct Place: Hashable, Sendable {
        public var node: Int
        /// The last-level cache.
        public var cache: Int
        public var core: Int
        /// Which of its core's threads it is, from 0.
        public var thread: Int

        public init(node: Int, cache: Int, core: Int, thread: Int) {
            self.node = node
            self.cache = cache
            self.core = core
            self.thread = thread
        }
    }

    /// The CPUs that a mask may name: the kernel's masks are as wide as the highest of them.
    public var possible: CPUMask
    public var online: CPUMask
    /// `isolcpus=`.
    public var isolated: CPUMask
    /// `nohz_full=`.
    public var nohzFull: CPUMask
    /// cpuset partitions of kind `isolated`.
    public var cgroupIsolated: CPUMask
    /// The CPUs of each NUMA node.
    public var nodes: [Int: CPUMask]
    /// One for each CPU that is online.
    public var places: [Int: Place]

    public init(
        possible: CPUMask, online: CPUMask? = nil, isolated: CPUMask = [], nohzFull: CPUMask = [],
        cgroupIsolated: CPUMask = [], nodes: [Int: CPUMask]? = nil, places: [Int: Place] = [:]
    ) {
        self.possible = possible
        self.online = online ?? possible
        self.isolated = isolated
        self.nohzFull = nohzFull
        self.cgroupIsolated = cgroupIsolated
        self.nodes = nodes ?? [0: possible]
        self.places = places
    }

    /// The CPUs that the kernel keeps free of others' work: it steers no packet to them
    /// (net_dev's housekeeping since 5.9), and neither do we.
    public var reserved: CPUMask { isolated.union(nohzFull).union(cgroupIsolated) }

    /// The CPUs that packets may be steered to.
    public var eligible: CPUMask { online.subtracting(reserved) }

    /// By node, last-level cache, core and thread, so that neighbours share what can be shared.
    public func inOrder(_ cpus: CPUMask) -> [Int] {
        func key(_ cpu: Int) -> (Int, Int, Int, Int, Int) {
            let place = places[cpu] ?? Place(node: 0, cache: 0, core: cpu, thread: 0)
            return (place.node, place.cache, place.core, place.thread, cpu)
        }
        return cpus.map { (cpu: $0, key: key($0)) }.sorted { $0.key < $1.key }.map(\.cpu)
    }
}
