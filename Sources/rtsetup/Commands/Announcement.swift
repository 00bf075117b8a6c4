import ArgumentParser
import DataPlane
import Glibc
import Netlink
import SystemPackage

/// Repeats announcements: what `rebind` leaves behind when it returns.
///
/// Not for people; it stops when the addresses are no longer where it announces them.
struct Announcement: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "announce", abstract: "Repeat announcements.", shouldDisplay: false)
    static let usualCount = 3
    private static let pause: UInt32 = 200_000
    /// Where the child has the parent's socket for ARP, so that its slow close falls to the child.
    private static let parentsSocket: Int32 = 3

    @Option var times: Int
    /// `10.0.0.30@3@00:16:3e:12:e7:02`: address, interface index, MAC address.
    @Argument var targets: [String]

    func run() throws {
        // Of the caller's session and files nothing is kept busy.
        setsid()
        for descriptor in (Self.parentsSocket + 1)..<256 { close(descriptor) }
        let announcements = targets.compactMap { NeighbourAnnouncement($0) }
        let socket = try NetlinkSocket()
        for _ in 0..<times {
            usleep(Self.pause)
            let held = try AddressFamily.allCases.flatMap { family in
                announcements.contains { $0.address.family == family }
                    ? try socket.addresses(family, names: [:]) : []
            }
            let current = announcements.filter { announcement in
                held.contains {
                    $0.address == announcement.address && $0.interface == announcement.interface
                }
            }
            if current.isEmpty { return }
            _ = Announcer.send(current, links: try socket.interfaces().map(\.link))
        }
    }

    /// Starts a process that outlives this one.
    ///
    /// - Returns: nil, or why there is none.
    static func repeatDetached(
        _ announcements: [NeighbourAnnouncement], times: Int
    ) -> KernelError? {
        guard times > 0, !announcements.isEmpty else { return nil }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor: Int32 in 0...2 {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        if let socket = NeighbourAnnouncement.packetDescriptor {
            posix_spawn_file_actions_adddup2(&actions, socket, parentsSocket)
        } else {
            posix_spawn_file_actions_addopen(&actions, parentsSocket, "/dev/null", O_RDWR, 0)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // This process holds signals back.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let arguments =
            ["rtsetup", "announce", "--times", "\(times)"] + announcements.map(\.argument)
        let pointers = arguments.map { strdup($0) }
        defer { pointers.forEach { free($0) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        var process: pid_t = 0
        let result = posix_spawn(
            &process, "/proc/self/exe", &actions, &attributes, pointers + [nil], &environment)
        return result == 0 ? nil : KernelError("start a process", .init(rawValue: result))
    }
}

extension NeighbourAnnouncement {
    fileprivate var argument: String { "\(address)@\(interface)@\(mac)" }

    fileprivate init?(_ argument: String) {
        let parts = argument.split(separator: "@")
        guard parts.count == 3, let address = IPAddress(parts[0]),
            let interface = InterfaceIndex(parts[1]), let mac = MACAddress(parts[2])
        else { return nil }
        self.init(address, isAt: mac, through: interface)
    }
}
