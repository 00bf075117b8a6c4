import CNL
import Glibc
import Netlink
import SystemPackage

extension Session {
    /// A session on the network namespace of this process.
    ///
    /// - Parameters:
    ///   - stateDirectory: `--state-dir`.
    ///   - libDirectory: `--lib-dir`.
    /// - Throws: where there is no netlink.
    public convenience init(
        kernel: NetlinkKernel, stateDirectory: String, libDirectory: String
    ) throws(SessionError) {
        let folder: StateFolder
        do {
            folder = StateFolder(
                in: stateDirectory, namespace: try Self.name(of: kernel), boot: try Self.bootID())
        } catch { throw .file(error) }
        self.init(kernel: kernel, folder: folder, libDirectory: libDirectory)
    }

    private static func bootID() throws(FileError) -> String {
        let path = "/proc/sys/kernel/random/boot_id"
        guard let text = try Files.read(path) else {
            throw FileError("read", path, .noSuchFileOrDirectory)
        }
        return String(decoding: text.filter { $0 > 0x20 }, as: UTF8.self)
    }

    /// Before Linux 5.14 a namespace has no cookie; its inode may be used again.
    private static func name(of kernel: NetlinkKernel) throws(FileError) -> String {
        if let cookie = kernel.namespaceCookie { return "\(cookie)" }
        let path = "/proc/self/ns/net"
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw FileError("look at", path, Errno(rawValue: errno))
        }
        return "inode-\(status.st_ino)"
    }
}

/// What this process may do.
public enum Privilege {
    /// Whether it may change the network of its namespace (`CAP_NET_ADMIN` is effective).
    public static var canChangeNetwork: Bool {
        var header = __user_cap_header_struct(version: UInt32(_LINUX_CAPABILITY_VERSION_3), pid: 0)
        // Of capabilities 0 to 31, and of the others.
        var sets = [__user_cap_data_struct](
            repeating: .init(), count: Int(_LINUX_CAPABILITY_U32S_3))
        guard cnl_capget(&header, &sets) == 0 else { return false }
        return sets[0].effective & (1 << CAP_NET_ADMIN) != 0
    }
}

/// Signals that ask to stop, held back while a run changes the kernel.
///
/// A run that may be interrupted asks between two sends; from then on it undoes, and nothing
/// interrupts that.
public final class Interruption {
    private var set = sigset_t()
    private var isNoticed = false

    /// Holds back SIGINT, SIGTERM and SIGHUP of the calling thread until the process ends.
    public init() {
        sigemptyset(&set)
        for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// True once, when one of them has come.
    public func isRequested() -> Bool {
        guard !isNoticed else { return false }
        var pending = sigset_t()
        sigpending(&pending)
        isNoticed = [SIGINT, SIGTERM, SIGHUP].contains { sigismember(&pending, $0) == 1 }
        return isNoticed
    }
}
