internal import Glibc
public import SystemPackage

/// A file of ours that cannot be read or written.
public struct FileError: Error, Hashable, Sendable {
    public var path: String
    /// `read`, `write`, `create` …
    public var operation: String
    public var errno: Errno
    /// What to know beyond the errno; nil: nothing.
    public var hint: String?

    public init(_ operation: String, _ path: String, _ errno: Errno, hint: String? = nil) {
        self.operation = operation
        self.path = path
        self.errno = errno
        self.hint = hint
    }
}

extension FileError: CustomStringConvertible {
    public var description: String {
        "cannot \(operation) \(path): \(errno) (errno \(errno.rawValue))"
            + (hint.map { "; \($0)" } ?? "")
    }
}

/// The few file operations that state needs, each with its errno.
enum Files {
    /// The whole file; nil where there is none.
    static func read(_ path: String) throws(FileError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw FileError("read", path, Errno(rawValue: errno))
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while true {
            var failure: Int32 = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: 1 << 14) { buffer, count in
                let read = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                if read < 0 { failure = errno }
                count = Swift.max(0, read)
            }
            if failure == EINTR { continue }
            guard failure == 0 else { throw FileError("read", path, Errno(rawValue: failure)) }
            if chunk.isEmpty { return bytes }
            bytes += chunk
        }
    }

    /// Writes to a temporary file beside it and renames, so that a reader sees the old or the new
    /// content, whole.
    ///
    /// - Parameter sync: wait until it is on the disk, for what must outlive a power cut.
    static func write(_ text: String, to path: String, sync: Bool) throws(FileError) {
        try rename(try prepare(text, for: path, sync: sync), to: path, sync: sync)
    }

    /// The first half of `write`, which needs the space: only the rename is left.
    ///
    /// - Returns: the temporary file.
    static func prepare(_ text: String, for path: String, sync: Bool) throws(FileError) -> String {
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError("write", path, Errno(rawValue: errno)) }
        var text = text
        let failure: Int32 = text.withUTF8 { bytes in
            var written = 0
            while written < bytes.count {
                let count = Glibc.write(
                    descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written)
                if count < 0 {
                    if errno == EINTR { continue }
                    return errno
                }
                written += count
            }
            return sync && fsync(descriptor) != 0 ? errno : 0
        }
        close(descriptor)
        guard failure == 0 else {
            unlink(temporary)
            throw FileError("write", path, Errno(rawValue: failure))
        }
        return temporary
    }

    static func rename(_ old: String, to new: String, sync: Bool) throws(FileError) {
        guard Glibc.rename(old, new) == 0 else {
            throw FileError("write", new, Errno(rawValue: errno))
        }
        if sync { try syncFolder(of: new) }
    }

    /// What was written to a file is on the disk when it returns.
    static func sync(_ path: String) throws(FileError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("sync", path, Errno(rawValue: errno)) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileError("sync", path, Errno(rawValue: errno)) }
    }

    /// The names in a file's folder are on the disk when it returns.
    static func syncFolder(of new: String) throws(FileError) {
        try sync(parent(of: new))
    }

    /// One that is not there is no error.
    static func remove(_ path: String) throws(FileError) {
        guard unlink(path) == 0 || errno == ENOENT else {
            throw FileError("remove", path, Errno(rawValue: errno))
        }
    }

    /// The path as seen from the root, for whoever reads it later from elsewhere.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), !path.hasPrefix("<"), let folder = getcwd(nil, 0) else {
            return path
        }
        defer { free(folder) }
        return String(cString: folder) + "/" + path
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Equivalent to `mkdir -p`.
    static func createFolder(_ path: String) throws(FileError) {
        guard mkdir(path, 0o755) != 0, errno != EEXIST else { return }
        guard errno == ENOENT, path != parent(of: path) else {
            throw FileError("create", path, Errno(rawValue: errno))
        }
        try createFolder(parent(of: path))
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw FileError("create", path, Errno(rawValue: errno))
        }
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
