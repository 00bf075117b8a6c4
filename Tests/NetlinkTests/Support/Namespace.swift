import CNL
import Glibc
import Netlink
import SystemPackage
import Testing

/// A network namespace of this process's own, with two NICs: `eth0` and `eth1`, both up, each a
/// veth pair.
///
/// One exit test is one process is one namespace: the host is never touched.
struct Namespace {
    static let isPermitted = geteuid() == 0

    let socket: NetlinkSocket
    let lo: InterfaceIndex = 1
    let eth0: InterfaceIndex
    let eth1: InterfaceIndex

    init() throws {
        try #require(cnl_unshare_network() == 0)
        try ip("link set lo up")
        for name in ["eth0", "eth1"] {
            try ip("link add \(name) type veth peer name \(name)-peer")
            // No addresses of the kernel's own: what is seen is what a test has made.
            for end in [name, name + "-peer"] { try ip("link set \(end) addrgenmode none up") }
        }
        socket = try NetlinkSocket()
        var links = try socket.links()
        // The kernel reports a carrier when it comes to it.
        let isRunning: UInt32 = 0x1_0040
        while !links.allSatisfy({
            $0.isLoopback || $0.kind != "veth" || $0.flags & isRunning == isRunning
        }) {
            usleep(1000)
            links = try socket.links()
        }
        eth0 = try #require(links.first { $0.name == "eth0" }).index
        eth1 = try #require(links.first { $0.name == "eth1" }).index
    }

    var names: [InterfaceIndex: String] { [lo: "lo", eth0: "eth0", eth1: "eth1"] }

    func send(_ fill: (inout Batch) -> Void) throws {
        var batch = Batch()
        fill(&batch)
        try socket.send(&batch)
    }

    /// The refusal of a batch that must not go through.
    func refusal(_ fill: (inout Batch) -> Void) throws -> BatchRefusal {
        var batch = Batch()
        fill(&batch)
        do throws(BatchRefusal) {
            try socket.send(&batch)
        } catch {
            return error
        }
        throw Unexpected("the kernel took it")
    }

    /// The routes of a table.
    func routes(_ family: AddressFamily, table: UInt32) throws -> [Route] {
        try socket.routes(family).filter { $0.table == table }
    }
}

struct Unexpected: Error {
    let text: String
    init(_ text: String) { self.text = text }
}

/// Runs `ip` with words that no shell has seen, and returns what it prints.
@discardableResult func ip(_ words: String) throws -> String {
    var pipe: [Int32] = [0, 0]
    try #require(Glibc.pipe(&pipe) == 0)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, pipe[1], 1)
    posix_spawn_file_actions_addclose(&actions, pipe[0])
    defer { posix_spawn_file_actions_destroy(&actions) }
    let arguments = ["ip"] + words.split(separator: " ").map(String.init)
    var pointers = arguments.map { strdup($0) } + [nil]
    defer { pointers.forEach { free($0) } }
    var child: pid_t = 0
    let spawned = posix_spawnp(&child, "ip", &actions, nil, &pointers, environ)
    close(pipe[1])
    defer { close(pipe[0]) }
    guard spawned == 0 else { throw Unexpected("no ip: \(Errno(rawValue: spawned))") }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = read(pipe[0], &buffer, buffer.count), count > 0 {
        output += buffer[..<count]
    }
    var status: Int32 = 0
    waitpid(child, &status, 0)
    guard status == 0 else { throw Unexpected("ip \(words): status \(status)") }
    return String(decoding: output, as: UTF8.self)
}
