import Glibc
import Netlink

/// The process behind a netlink socket's port id, as far as the kernel tells.
enum NetlinkPort {
    /// PID_MAX_LIMIT: no process has a number beyond it.
    private static let processLimit: UInt32 = 1 << 22

    /// A process's first socket has its id as port. libnl's further ones have it in the lower bits;
    /// the kernel's have a random number from 2³¹, and only a search tells whose they are.
    ///
    /// - Parameter searches: whether to look through every process's files, a few milliseconds.
    static func process(of port: UInt32, searches: Bool) -> UInt32? {
        if port < UInt32(1) << 31 { return port % processLimit }
        return searches ? holder(of: port) : nil
    }

    private static func holder(of port: UInt32) -> UInt32? {
        guard let inode = inode(of: port) else { return nil }
        let socket = "socket:[\(inode)]"
        return entries("/proc").lazy.compactMap { UInt32($0) }.first { process in
            let folder = "/proc/\(process)/fd"
            return entries(folder).contains { target("\(folder)/\($0)") == socket }
        }
    }

    /// From /proc/net/netlink: `sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode`, Eth 0 is
    /// NETLINK_ROUTE.
    private static func inode(of port: UInt32) -> Substring? {
        guard let bytes = (try? Files.read("/proc/net/netlink")) ?? nil else { return nil }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count == 10, fields[1] == "0", UInt32(fields[2]) == port { return fields[9] }
        }
        return nil
    }

    private static func entries(_ path: String) -> [String] {
        (try? Folder.names(in: path)) ?? []
    }

    private static func target(_ link: String) -> String? {
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { bytes in
            guard let start = bytes.baseAddress,
                case let count = readlink(link, start, bytes.count), count > 0
            else { return nil }
            return String(decoding: bytes[..<count], as: UTF8.self)
        }
    }
}
