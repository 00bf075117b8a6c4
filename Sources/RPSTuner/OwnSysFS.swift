internal import Glibc

/// A /sys of the calling thread's network namespace, mounted where nobody else sees it; gone with
/// the last reference.
///
/// For a process that entered the namespace without a /sys of its own (`nsenter --net`), which
/// `ip netns exec` would have mounted.
public final class OwnSysFS {
    private let descriptor: Int32

    /// nil where that is not permitted (CAP_SYS_ADMIN), or the kernel cannot (before 5.2).
    public init?() {
        let context = fsopen("sysfs", UInt32(FSOPEN_CLOEXEC))
        guard context >= 0 else { return nil }
        defer { close(context) }
        guard fsconfig(context, UInt32(FSCONFIG_CMD_CREATE.rawValue), nil, nil, 0) == 0 else {
            return nil
        }
        descriptor = fsmount(context, UInt32(FSMOUNT_CLOEXEC), 0)
        guard descriptor >= 0 else { return nil }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    public var path: String { "/proc/self/fd/\(descriptor)" }
}
