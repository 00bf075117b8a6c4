import Glibc
public import Netlink
import RPSTuner
import SystemPackage

/// The files below /proc/sys, as the network namespace of the calling thread has them.
public struct SysctlFiles: Sendable {
    /// Where they are; a test passes a folder of its own.
    public var root: String

    public init(root: String = "/proc/sys") { self.root = root }

    /// The value without its final line break; nil where there is none, or none to be read.
    public func read(_ name: SysctlName) -> String? {
        guard let path = path(of: name) else { return nil }
        return KernelFile.read(path)
    }

    /// Writes the value. Equivalent to `sysctl -w`.
    ///
    /// - Throws: `KernelError` with the path as its message: `ENOENT`, `EACCES`, `EROFS` from the
    ///   file, `EINVAL` from the kernel that does not take the value.
    public func write(_ value: String, to name: SysctlName) throws(KernelError) {
        let operation = "write sysctl"
        guard let path = path(of: name) else {
            throw KernelError(operation, .noSuchFileOrDirectory, message: "\(name)")
        }
        try KernelFile.write(value, to: path, for: operation)
    }

    /// The kernel's folder for IPv6 is there only where IPv6 is.
    public var hasIPv6: Bool { access(root + "/net/ipv6", F_OK) == 0 }

    /// nil for a name that would lead out of the folder, or that C would cut off.
    private func path(of name: SysctlName) -> String? {
        let isPlain = name.components.allSatisfy { component in
            !component.isEmpty && component != "." && component != ".."
                && !component.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
        }
        return isPlain ? "\(root)/\(name.path)" : nil
    }
}
