import CNL
import Glibc
import SystemPackage

/// The kernel's news about links, addresses, routes, rules and interface settings of both
/// families. Equivalent to `ip monitor link address route rule netconf`.
public final class EventSocket {
    private let handle: OpaquePointer
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    /// A burst is read in portions, so that whoever polls hears of other things as well.
    private static let portion = 256

    /// Listens in the network namespace of the calling thread from now on.
    public init() throws(KernelError) {
        let operation = "listen to the kernel's events"
        let flags = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        guard let handle = mnl_socket_open2(NETLINK_ROUTE, flags) else { throw .last(operation) }
        self.handle = handle
        guard mnl_socket_bind(handle, 0, pid_t(MNL_SOCKET_AUTOPID)) == 0 else {
            throw .last(operation)
        }
        let groups = [
            RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
            RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE, RTNLGRP_IPV4_NETCONF,
            RTNLGRP_IPV6_NETCONF,
        ]
        for group in groups {
            var number = group.rawValue
            let size = socklen_t(MemoryLayout.size(ofValue: number))
            guard mnl_socket_setsockopt(handle, NETLINK_ADD_MEMBERSHIP, &number, size) == 0 else {
                throw .last(operation)
            }
        }
        SocketBuffer.receive.resize(descriptor, to: 8 << 20)
    }

    deinit {
        mnl_socket_close(handle)
        buffer.deallocate()
    }

    /// For `poll`: readable when there is news.
    public var descriptor: Int32 { mnl_socket_get_fd(handle) }

    /// What need not be told: requests of our own socket, and what routing daemons do outside of
    /// the tables, defaults and replacements apart.
    ///
    /// - Parameter tables: nil: whatever they do is told.
    /// - Throws: where the kernel does not take the filter.
    public func leaveOut(requestsOf port: UInt32, daemonsOutside tables: Set<UInt32>?)
        throws(KernelError)
    {
        var instructions = EventFilter(ownPort: port, tables: tables).instructions
        let result = instructions.withUnsafeMutableBufferPointer { program in
            var filter = sock_fprog(
                len: UInt16(truncatingIfNeeded: program.count), filter: program.baseAddress)
            return setsockopt(
                descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &filter,
                socklen_t(MemoryLayout<sock_fprog>.size))
        }
        guard result == 0 else { throw .last("filter the kernel's events") }
    }

    /// Reads what has come, a portion of it in a burst, and does not wait.
    ///
    /// - Returns: whether news was lost (`ENOBUFS`), or could not be understood: then only a look
    ///   at everything tells.
    /// - Throws: what else the socket answers.
    public func read(_ body: (KernelEvent) -> Void) throws(KernelError) -> Bool {
        var isLost = false
        for _ in 0..<Self.portion {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count < 0 {
                switch errno {
                case EAGAIN: return isLost
                case EINTR: continue
                case ENOBUFS: isLost = true
                default: throw .last("read the kernel's events")
                }
                continue
            }
            do throws(MalformedMessage) {
                var datagram = MessageReader(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                while let message = try datagram.next() {
                    if let event = try KernelEvent(message) { body(event) }
                }
            } catch {
                isLost = true
            }
        }
        return isLost
    }
}
