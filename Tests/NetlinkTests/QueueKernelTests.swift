import CNL
import Glibc
import Netlink
import RPSTuner
import SystemPackage
import Testing

@Suite("queues in the kernel", .enabled(if: Namespace.isPermitted)) struct QueueKernelTests {
    @Test("channels are seen, and set, as ethtool has them") func channels() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace(queues: 4)
            let ethtool = try Ethtool()
            let links = try namespace.socket.links()
            let q0 = try #require(links.first { $0.name == "q0" })
            var channels = try ethtool.channels(of: links)
            #expect(channels[q0.index] == Channels(rx: .init(4, of: 4), tx: .init(4, of: 4)))
            #expect(channels[namespace.lo] == nil)
            try ethtool.setChannels(ChannelCounts(rx: 1, tx: 2), of: q0)
            channels = try ethtool.channels(of: links)
            #expect(channels[q0.index] == Channels(rx: .init(1, of: 4), tx: .init(2, of: 4)))
            try ethtool.setChannels(ChannelCounts(rx: 3), of: q0)
            #expect(
                try ethtool.channels(of: links)[q0.index]?.counts == ChannelCounts(rx: 3, tx: 2))
        }
    }

    @Test("refusals have the kernel's own words") func refusals() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace(queues: 4)
            let ethtool = try Ethtool()
            let links = try namespace.socket.links()
            let q0 = try #require(links.first { $0.name == "q0" })
            let lo = try #require(links.first { $0.isLoopback })
            let many = #expect(throws: KernelError.self) {
                try ethtool.setChannels(ChannelCounts(rx: 5), of: q0)
            }
            #expect(many?.errno == .invalidArgument)
            #expect(many?.message == "requested channel count exceeds maximum")
            #expect(many?.operation == "set channels")
            let none = #expect(throws: KernelError.self) {
                try ethtool.setChannels(ChannelCounts(rx: 0), of: q0)
            }
            #expect(none?.errno == .invalidArgument)
            let without = #expect(throws: KernelError.self) {
                try ethtool.setChannels(ChannelCounts(rx: 1), of: lo)
            }
            #expect(without?.errno == .notSupported)
        }
    }

    @Test("the older ioctl tells and does the same") func ioctl() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace(queues: 4)
            let old = try Ethtool(usesNetlink: false)
            let links = try namespace.socket.links()
            let q0 = try #require(links.first { $0.name == "q0" })
            #expect(try old.channels(of: links) == Ethtool().channels(of: links))
            try old.setChannels(ChannelCounts(rx: 2), of: q0)
            #expect(
                try Ethtool().channels(of: links)[q0.index]?.counts == ChannelCounts(rx: 2, tx: 4))
            let many = #expect(throws: KernelError.self) {
                try old.setChannels(ChannelCounts(rx: 5), of: q0)
            }
            #expect(many?.errno == .invalidArgument)
            // One that vanished since it was seen is not there to be asked.
            let gone = Link(index: 99, name: "gone")
            #expect(try old.channels(of: [gone]) == [:])
        }
    }

    @Test("queue files are those of the namespace, and no other's") func files() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace(queues: 4)
            let q0 = try namespace.q0
            // /sys is still that of the namespace that mounted it.
            #expect(QueueFiles().read(q0, .all) == nil)
            try mountOwnSysFS()
            let files = QueueFiles()
            let queues = try #require(files.read(q0, .all))
            #expect(queues.receive == Array(repeating: .init(rps: [], flows: 0), count: 4))
            #expect(queues.transmit == Array(repeating: .init(xps: []), count: 4))
            try files.write(.cpus([0]), to: .rps(3), of: q0)
            try files.write(.cpus([0]), to: .xps(2), of: q0)
            try files.write(.count(64), to: .flows(1), of: q0)
            let then = try #require(files.read(q0, .all))
            #expect(then[.rps(3)] == .cpus([0]))
            #expect(then[.xps(2)] == .cpus([0]))
            #expect(then[.flows(1)] == .count(64))
            let wide = #expect(throws: KernelError.self) {
                try files.write(.cpus([4095]), to: .rps(0), of: q0)
            }
            #expect(wide?.errno == .overflow)
            #expect(files.read(q0, .all)?[.rps(0)] == .cpus([]))
        }
    }

    @Test("one transmit queue has no XPS, and a read-only /sys is seen") func limits() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace(queues: 1)
            let q0 = try namespace.q0
            try mountOwnSysFS()
            let queues = try #require(QueueFiles().read(q0, .all))
            #expect(queues.transmit == [.init(xps: nil)])
            #expect(!queues.isReadOnly)
            try #require(
                mount("sysfs", "/sys", "sysfs", UInt(MS_RDONLY | MS_REMOUNT), nil)
                    == 0)
            #expect(QueueFiles().read(q0, .all)?.isReadOnly == true)
            let refused = #expect(throws: KernelError.self) {
                try QueueFiles().write(.cpus([0]), to: .rps(0), of: q0)
            }
            #expect(refused?.errno == .readOnlyFileSystem)
        }
    }
}

extension Namespace {
    /// With a further NIC, `q0`, of as many queues each way.
    fileprivate init(queues: Int) throws {
        try self.init()
        try ip(
            "link add q0 numrxqueues \(queues) numtxqueues \(queues) type veth "
                + "peer name q0-peer numrxqueues \(queues) numtxqueues \(queues)")
    }

    fileprivate var q0: Link {
        get throws {
            let links = try socket.links()
            return try #require(links.first { $0.name == "q0" })
        }
    }
}

/// Gives this process a /sys that shows its own network namespace, as `ip netns exec` does.
private func mountOwnSysFS() throws {
    try #require(cnl_unshare_mounts() == 0)
    try #require(mount("none", "/", nil, UInt(MS_REC | MS_PRIVATE), nil) == 0)
    try #require(mount("sysfs", "/sys", "sysfs", 0, nil) == 0)
}
