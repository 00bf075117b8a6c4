import Netlink
import Plist
import SystemPackage

import Glibc

/// Reads files and folders, only so much of them.
struct FileAccess {
    enum Problem: Error, Hashable {
        case absent
        case notPermitted
        /// A folder, a device, a FIFO: nothing is read that could hang.
        case notRegular(isFolder: Bool)
        case tooLarge
        case other(String)

        init(_ errno: Errno) {
            switch errno {
            case .noSuchFileOrDirectory, .notDirectory: self = .absent
            case .permissionDenied, .notPermitted: self = .notPermitted
            default: self = .other("\(errno) (errno \(errno.rawValue))")
            }
        }

        var reason: String {
            switch self {
            case .absent: "there is no such file"
            case .notPermitted: "cannot be read by the caller"
            case .notRegular: "is not a regular file"
            case .tooLarge: "is larger than 1 MiB"
            case .other(let reason): reason
            }
        }
    }

    static let maximumSize = 1 << 20

    static func read(_ path: String) throws(Problem) -> SourceText {
        let file: FileDescriptor
        do {
            // A FIFO would wait for its writer.
            file = try FileDescriptor.open(
                FilePath(path), .readOnly, options: [.nonBlocking, .closeOnExec])
        } catch { throw Problem(error as? Errno ?? .ioError) }
        defer { try? file.close() }
        var status = stat()
        guard fstat(file.rawValue, &status) == 0 else { throw Problem(Errno(rawValue: errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .notRegular(isFolder: status.st_mode & S_IFMT == S_IFDIR)
        }
        var bytes: [UInt8] = []
        while true {
            do {
                let chunk = try [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
                    count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
                }
                if chunk.isEmpty { return SourceText(file: path, bytes: bytes) }
                bytes += chunk
            } catch { throw Problem(error as? Errno ?? .ioError) }
            guard bytes.count <= maximumSize else { throw .tooLarge }
        }
    }

    /// The names in a folder, in the order of their bytes.
    static func names(in folder: String) throws(Problem) -> [String] {
        let names: [String]
        do throws(Errno) { names = try Folder.names(in: folder) } catch { throw Problem(error) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// A shell's `*`, `?` and `[…]` in one component.
    static func matches(_ name: String, _ pattern: String) -> Bool {
        fnmatch(pattern, name, FNM_PERIOD) == 0
    }

    static func join(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }
}

extension String {
    /// Digits compare by value.
    func precedesNaturally(_ other: String) -> Bool {
        let (a, b) = (Self.naturalKey(self), Self.naturalKey(other))
        for (x, y) in zip(a, b) where x != y {
            if let m = UInt64(x), let n = UInt64(y), m != n { return m < n }
            return x < y
        }
        return a.count < b.count
    }

    private static func naturalKey(_ text: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = text[...]
        while let first = rest.first {
            let isNumber = first.isASCII && first.isNumber
            let part = rest.prefix { ($0.isASCII && $0.isNumber) == isNumber }
            parts.append(part)
            rest = rest[part.endIndex...]
        }
        return parts
    }
}
