import Glibc
import Plist
import SystemPackage

/// A file by its path, judged by what was opened and read only so far.
enum TrustedFile {
    /// - Parameter isDiscovered: its folder is that of a user without privilege, who could name
    ///   root's secrets with a link.
    static func open(
        _ path: String, trust: ConfigFiles.Trust, isDiscovered: Bool = false,
        reporting warnings: inout [Diagnostic]
    ) throws(ConfigFilesError) -> SourceText {
        // A FIFO would wait for its writer.
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(
                FilePath(path), .readOnly,
                options: isDiscovered
                    ? [.nonBlocking, .closeOnExec, .noFollow] : [.nonBlocking, .closeOnExec])
        } catch {
            if isDiscovered, error as? Errno == .tooManySymbolicLinkLevels {
                throw .notPermitted(path: path, reason: "is a symbolic link")
            }
            throw ConfigFilesError(path: path, opening: error)
        }
        defer { try? file.close() }
        var status = stat()
        guard fstat(file.rawValue, &status) == 0 else {
            throw .unreadable(path: path, Errno(rawValue: errno))
        }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw .notPermitted(path: path, reason: "is not a regular file")
        }
        if let reason = distrust(status, isDiscovered: isDiscovered) {
            guard trust == .advised else { throw .notPermitted(path: path, reason: reason) }
            warnings.append(
                Diagnostic(
                    .warning, at: SourceLocation(file: path, line: 1, column: 1),
                    "the file \(reason); apply refuses it"))
        }
        let isRegular = status.st_mode & S_IFMT == S_IFREG
        return SourceText(file: path, bytes: try read(file, path: path, isPatient: isRegular))
    }

    /// Why root should not act on what the file says.
    private static func distrust(_ status: stat, isDiscovered: Bool) -> String? {
        guard status.st_mode & S_IFMT == S_IFREG else { return "is not a regular file" }
        if status.st_uid != 0, status.st_uid != geteuid(),
            !(isDiscovered && status.st_uid == getpwnam(discoverer)?.pointee.pw_uid)
        {
            return "belongs to user \(status.st_uid), neither root nor the caller"
                + (isDiscovered ? " nor \(discoverer)" : "")
        }
        if status.st_mode & (S_IWGRP | S_IWOTH) != 0 {
            return "can be written by its group or others; chmod go-w"
        }
        return nil
    }

    /// The system user of rtdiscover.
    private static let discoverer = "rtdiscover"
    /// Seconds.
    private static let patience: Int32 = 5

    /// Stops behind the limit: the reader reports it.
    ///
    /// - Parameter isPatient: false: something is to be read within `patience`, each time.
    static func read(
        _ file: FileDescriptor, path: String, isPatient: Bool = true
    ) throws(ConfigFilesError) -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            // A pipe whose writer is still to come would be an empty file.
            if !isPatient { try waitToRead(file) }
            while bytes.count <= PlistReader.maximumSize {
                do {
                    let chunk = try [UInt8](unsafeUninitializedCapacity: 1 << 14) { buffer, count in
                        count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
                    }
                    if chunk.isEmpty { break }
                    bytes += chunk
                } catch Errno.resourceTemporarilyUnavailable where !isPatient {
                    try waitToRead(file)
                }
            }
        } catch {
            throw .unreadable(path: path, error as? Errno ?? .ioError)
        }
        return bytes
    }

    /// Returns when there is something to be read, or the last writer has gone.
    private static func waitToRead(_ file: FileDescriptor) throws(Errno) {
        var request = pollfd(fd: file.rawValue, events: Int16(POLLIN), revents: 0)
        switch poll(&request, 1, patience * 1000) {
        case 0: throw .timedOut
        case ..<0 where errno != EINTR: throw Errno(rawValue: errno)
        default: break
        }
    }
}
