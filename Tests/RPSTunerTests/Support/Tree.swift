import Glibc
import Netlink
import RPSTuner
import SystemPackage
import Testing

/// A folder of made-up kernel files; it goes with the last reference.
final class Tree {
    let root: String

    var sysfs: SysFS { SysFS(root: root + "/sys", proc: root + "/proc", run: root + "/run") }

    init() throws {
        var template = Array("/tmp/rtsetup-tree-XXXXXX".utf8CString)
        root = String(cString: try #require(mkdtemp(&template)))
    }

    deinit { Self.remove(root) }

    /// Writes a file, with a final line break as the kernel's have.
    func write(_ path: String, _ text: String) throws {
        makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
        let file = try FileDescriptor.open(
            FilePath("\(root)/\(path)"), .writeOnly, options: [.create, .truncate],
            permissions: .ownerReadWrite)
        try file.closeAfter { _ = try file.writeAll("\(text)\n".utf8) }
    }

    func read(_ path: String) throws -> String {
        let file = try FileDescriptor.open(FilePath("\(root)/\(path)"), .readOnly)
        return try file.closeAfter {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
            return String(decoding: bytes[..<count], as: UTF8.self)
        }
    }

    func makeFolder(_ path: String) {
        var prefix = root
        for part in path.split(separator: "/") {
            prefix += "/\(part)"
            mkdir(prefix, 0o755)
        }
    }

    func link(_ path: String, to target: String) throws {
        makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
        try #require(symlink(target, "\(root)/\(path)") == 0)
    }

    private static func remove(_ path: String) {
        // A link is not followed.
        guard unlink(path) != 0 else { return }
        for name in (try? Folder.names(in: path)) ?? [] { remove(path + "/" + name) }
        rmdir(path)
    }
}
