internal import Glibc

/// Which memory is on the disk: each run that is whole replaces the file.
public struct MemoryVersion: Hashable, Sendable {
    private var inode: UInt
    private var seconds: Int
    private var nanoseconds: Int

    /// All zero where there is no file.
    init(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            (inode, seconds, nanoseconds) = (0, 0, 0)
            return
        }
        inode = UInt(status.st_ino)
        (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
    }
}
