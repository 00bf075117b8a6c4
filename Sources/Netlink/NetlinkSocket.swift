import CNL
import Glibc
import SystemPackage

/// A socket to the kernel's routing tables (`NETLINK_ROUTE`) or to a generic family, for one
/// thread.
public final class NetlinkSocket {
    private let handle: OpaquePointer
    /// The kernel's number of this socket; in its events the one who asked.
    public let portID: UInt32
    /// One `recv` of a dump brings at most 32 KiB (netlink_recvmsg).
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    private var sequence: UInt32 = 0
    /// Whether a dump may ask for one interface alone (Linux 4.20).
    let canFilterDumps: Bool

    /// Opens a socket in the network namespace of the calling thread.
    public convenience init() throws(KernelError) { try self.init(family: NETLINK_ROUTE) }

    /// - Parameter family: a `NETLINK_*` protocol family.
    init(family: Int32) throws(KernelError) {
        guard let handle = mnl_socket_open2(family, Int32(SOCK_CLOEXEC.rawValue)) else {
            throw .last("open netlink socket")
        }
        guard mnl_socket_bind(handle, 0, pid_t(MNL_SOCKET_AUTOPID)) == 0 else {
            let error = KernelError.last("bind netlink socket")
            mnl_socket_close(handle)
            throw error
        }
        self.handle = handle
        portID = mnl_socket_get_portid(handle)
        // Each is newer than the oldest kernel, and none is needed for a right answer.
        func turnOn(_ option: Int32) -> Bool {
            var on: Int32 = 1
            return mnl_socket_setsockopt(
                handle, option, &on, socklen_t(MemoryLayout<Int32>.size)) == 0
        }
        _ = turnOn(NETLINK_EXT_ACK)
        _ = turnOn(NETLINK_CAP_ACK)
        canFilterDumps = turnOn(NETLINK_GET_STRICT_CHK)
        SocketBuffer.receive.resize(descriptor, to: 2 << 20)
        SocketBuffer.send.resize(descriptor, to: 1 << 20)
    }

    deinit {
        mnl_socket_close(handle)
        buffer.deallocate()
    }

    var descriptor: Int32 { mnl_socket_get_fd(handle) }

    /// What tells this network namespace from all others since boot (`SO_NETNS_COOKIE`, Linux
    /// 5.14); nil on an older kernel.
    public var namespaceCookie: UInt64? { option(SO_NETNS_COOKIE) }

    /// How many bytes one send may hold: netlink_sendmsg refuses more.
    var sendLimit: Int { Int(option(SO_SNDBUF) as Int32? ?? 0) - 32 }

    /// How many bytes of answers the kernel keeps for us, overhead included.
    var receiveLimit: Int { Int(option(SO_RCVBUF) as Int32? ?? 0) }

    /// Takes `count` sequence numbers, and returns the first. 0 is the kernel's own.
    func takeSequences(_ count: Int) -> UInt32 {
        if sequence > UInt32.max / 2 { sequence = 0 }
        defer { sequence += UInt32(truncatingIfNeeded: count) }
        return sequence + 1
    }

    func send(_ bytes: UnsafeRawBufferPointer, for operation: String) throws(KernelError) {
        while mnl_socket_sendto(handle, bytes.baseAddress, bytes.count) < 0 {
            guard errno == EINTR else { throw .last(operation) }
        }
    }

    /// The next datagram, in `buffer`.
    ///
    /// - Throws: `KernelError`; `ENOSPC` for a datagram that does not fit, `ENOBUFS` where the
    ///   kernel has dropped answers.
    func receive(for operation: String) throws(KernelError) -> MessageReader {
        while true {
            let count = mnl_socket_recvfrom(handle, buffer.baseAddress, buffer.count)
            if count >= 0 {
                return MessageReader(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
            guard errno == EINTR else { throw .last(operation) }
        }
    }

    /// Forgets what has been answered: a full socket drops every answer until it is empty.
    func drain() {
        while recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT)) >= 0 {}
    }

    private func option<Value: FixedWidthInteger>(_ option: Int32) -> Value? {
        var value: Value = 0
        var size = socklen_t(MemoryLayout<Value>.size)
        return getsockopt(descriptor, SOL_SOCKET, option, &value, &size) == 0 ? value : nil
    }
}

/// What the kernel keeps for a socket until it is read or sent.
enum SocketBuffer {
    case receive, send

    /// FORCE needs CAP_NET_ADMIN; without it the kernel gives what rmem_max or wmem_max allows.
    ///
    /// - Parameter size: bytes.
    func resize(_ descriptor: Int32, to size: Int32) {
        let (force, ask) =
            switch self {
            case .receive: (SO_RCVBUFFORCE, SO_RCVBUF)
            case .send: (SO_SNDBUFFORCE, SO_SNDBUF)
            }
        var size = size
        let length = socklen_t(MemoryLayout<Int32>.size)
        if setsockopt(descriptor, SOL_SOCKET, force, &size, length) != 0 {
            setsockopt(descriptor, SOL_SOCKET, ask, &size, length)
        }
    }
}

extension KernelError {
    /// What `errno` says now.
    static func last(_ operation: String) -> KernelError {
        KernelError(operation, Errno(rawValue: Glibc.errno))
    }

    /// The kernel sent what its own lengths contradict.
    static func malformed(_ operation: String) -> KernelError {
        KernelError(operation, .badMessage, message: "malformed netlink message")
    }
}
