internal import Glibc
import SystemPackage

/// Held by the one rtsetup that may change a namespace; let go of with the last reference.
///
/// It is the kernel's lock on an open file, never the file's existence: a killed run leaves none.
public final class Lock {
    private let descriptor: Int32

    /// Waits for it.
    ///
    /// - Parameter timeout: seconds, 0 or more.
    /// - Returns: nil where another process still holds it then.
    init?(path: String, timeout: Double, mode: mode_t = 0o600) throws(FileError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw FileError("open", path, Errno(rawValue: errno)) }
        let pause: Double = 0.02
        var waited: Double = 0
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let reason = errno
            guard reason == EWOULDBLOCK || reason == EINTR else {
                throw FileError("lock", path, Errno(rawValue: reason))
            }
            guard waited < timeout else { return nil }
            usleep(UInt32(pause * 1_000_000))
            waited += pause
        }
    }

    /// Whether somebody holds it now. It is no error if that cannot be told, or nobody ever did.
    static func isHeld(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    deinit { close(descriptor) }
}
