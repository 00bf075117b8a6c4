import Glibc
import SystemPackage

/// A file that its readers see whole or not at all.
public struct OutputFile: Sendable {
    private let path: FilePath

    public struct Failure: Error, CustomStringConvertible, Sendable {
        public var description: String

        init(_ operation: String, _ path: FilePath, _ error: any Error) {
            let errno = error as? Errno ?? .ioError
            description = "cannot \(operation) \(path): \(errno) (errno \(errno.rawValue))"
        }
    }

    public init(_ path: String) { self.path = FilePath(path) }

    /// nil where there is none.
    public func read() throws(Failure) -> [UInt8]? {
        do {
            let file = try FileDescriptor.open(
                path, .readOnly, options: [.nonBlocking, .closeOnExec])
            return try file.closeAfter {
                var bytes: [UInt8] = []
                while bytes.count <= Self.maximumSize {
                    let chunk = try [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
                        count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
                    }
                    if chunk.isEmpty { break }
                    bytes += chunk
                }
                return bytes
            }
        } catch {
            if error as? Errno == .noSuchFileOrDirectory { return nil }
            throw Failure("read", path, error)
        }
    }

    /// Rtsetup reads no larger one.
    private static let maximumSize = 1 << 20

    /// Writes beside it, waits until that is on the disk, and renames. Everybody may read it.
    public func write(_ text: String) throws(Failure) {
        let folder = path.removingLastComponent()
        let temporary = folder.appending(".\(path.lastComponent?.string ?? "").\(getpid())")
        // Of a run that was killed; where processes are few their numbers come again.
        unlink(temporary.string)
        do {
            let file = try FileDescriptor.open(
                temporary, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
            do {
                try file.closeAfter {
                    _ = try file.writeAll(text.utf8)
                    // Whatever the umask says.
                    try check(fchmod(file.rawValue, 0o644))
                    try check(fsync(file.rawValue))
                }
                try check(rename(temporary.string, path.string))
            } catch {
                unlink(temporary.string)
                throw error
            }
            let directory = try FileDescriptor.open(
                folder.isEmpty ? "." : folder, .readOnly, options: [.directory, .closeOnExec])
            try directory.closeAfter { try check(fsync(directory.rawValue)) }
        } catch {
            throw Failure("write", path, error)
        }
    }

    private func check(_ result: Int32) throws(Errno) {
        if result != 0 { throw Errno(rawValue: errno) }
    }
}
