internal import Glibc

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
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Whether its file system takes no writes at all, whoever asks.
    func isReadOnly(_ path: String) -> Bool { access(path, W_OK) != 0 && errno == EROFS }

    /// The path without symbolic links; nil where it leads nowhere.
    func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Each folder from this one up to the root, real paths.
    func ancestors(of path: String) -> [String] {
        guard var path = realPath(path) else { return [] }
        var ancestors: [String] = []
        while path.utf8.count > 1 {
            ancestors.append(path)
            guard let slash = path.lastIndex(of: "/") else { break }
            path = String(path[..<slash])
        }
        return ancestors
    }

    /// The NUMA node of an interface's device; nil where it has none, or the machine has one.
    ///
    /// virtio's own device has no `numa_node`: its PCI parent does.
    public func node(of interface: String) -> Int? {
        for folder in ancestors(of: folder(of: interface) + "/device") {
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
