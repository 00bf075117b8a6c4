internal import Glibc
internal import Netlink

/// Where the kernel's folders are; a test passes a tree of its own.
public struct SysFS: Sendable, Hashable {
    /// `/sys`
    public var root: String
    /// `/proc`
    public var proc: String
    /// `/run`
    public var run: String

    public init(root: String = "/sys", proc: String = "/proc", run: String = "/run") {
        self.root = root
        self.proc = proc
        self.run = run
    }

    /// The folder of an interface, as the network namespace of whoever mounted /sys has it.
    func folder(of interface: String) -> String { "\(root)/class/net/\(interface)" }

    /// The folder of `cpu3`.
    var cpus: String { root + "/devices/system/cpu" }

    /// A number that a file holds.
    func number(_ path: String) -> Int? { KernelFile.read(path).flatMap { Int($0) } }

    /// A CPU list that a file holds; empty where there is none.
    func list(_ path: String) -> CPUMask {
        // A kernel without nohz_full= says "(null)".
        KernelFile.read(path).flatMap { try? CPUMask(listText: $0) } ?? []
    }

    /// The names in a folder, in no order; empty where there is none.
    func names(in path: String) -> [String] {
        (try? Folder.names(in: path)) ?? []
    }

    func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Whether its file system takes no writes at all, whoever asks.
    func isReadOnly(_ path: String) -> Bool { access(path, W_OK) != 0 && errno == EROFS }

    /// The folder of an interface's device, and of the devices that it hangs on, up to the bus.
    func devices(of interface: String) -> [String] {
        // Not by their real paths: a mount that only we see has none.
        var folder = folder(of: interface) + "/device"
        var folders: [String] = []
        while folders.count < 8, exists(folder) {
            folders.append(folder)
            folder += "/.."
        }
        return folders
    }

    /// What the bus calls an interface's device: `virtio1`, `0000:00:05.0`; nil where it has none.
    func deviceName(of interface: String) -> String? {
        let name = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
            guard let start = buffer.baseAddress else { return "" }
            let count = readlink(folder(of: interface) + "/device", start, buffer.count)
            return String(
                decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return name.split(separator: "/").last.map(String.init)
    }

    /// The NUMA node of an interface's device; nil where it has none, or the machine has one.
    ///
    /// virtio's own device has no `numa_node`: its PCI parent does.
    public func node(of interface: String) -> Int? {
        for folder in devices(of: interface) {
            if let node = number(folder + "/numa_node"), node >= 0 { return node }
        }
        return nil
    }

    /// Whether irqbalance runs, and so owns the interrupts' affinity: by its service's cgroup, or
    /// by its socket (/run/irqbalance/irqbalancePID.sock).
    public var hasIRQBalance: Bool {
        for hierarchy in ["", "/systemd", "/unified"]
        where exists("\(root)/fs/cgroup\(hierarchy)/system.slice/irqbalance.service") {
            return true
        }
        return names(in: run + "/irqbalance").contains { name in
            guard name.hasPrefix("irqbalance"), name.hasSuffix(".sock") else { return false }
            // A killed one leaves its socket behind.
            return exists("\(proc)/\(name.dropFirst(10).dropLast(5))")
        }
    }
}
