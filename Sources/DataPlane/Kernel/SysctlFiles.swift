import Glibc
public import Netlink
import SystemPackage

/// The files below /proc/sys, as the network namespace of the calling thread has them.
public struct SysctlFiles: Sendable {
    /// Where they are; a test passes a folder of its own.
    public var root: String

    public init(root: String = "/proc/sys") { self.root = root }

    /// The value without its final line break; nil where there is none, or none to be read.
    public func read(_ name: SysctlName) -> String? {
        guard let path = path(of: name) else { return nil }
        let file = retrying { open(path, O_RDONLY | O_CLOEXEC) }
        guard file >= 0 else { return nil }
        defer { close(file) }
        // The kernel gives a value in one piece, to the first read.
        return withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            let count = retrying { Glibc.read(file, buffer.baseAddress, buffer.count) }
            guard count >= 0 else { return nil }
            var text = UnsafeRawBufferPointer(rebasing: buffer[..<count])[...]
            if text.last == UInt8(ascii: "\n") { text.removeLast() }
            return String(decoding: text, as: UTF8.self)
        }
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
        let file = retrying { open(path, O_WRONLY | O_CLOEXEC) }
        guard file >= 0 else {
            throw KernelError(operation, Errno(rawValue: errno), message: path)
        }
        defer { close(file) }
        var value = value
        let (count, length) = value.withUTF8 { bytes in
            (retrying { Glibc.write(file, bytes.baseAddress, bytes.count) }, bytes.count)
        }
        guard count >= 0 else {
            throw KernelError(operation, Errno(rawValue: errno), message: path)
        }
        guard count == length else { throw KernelError(operation, .invalidArgument, message: path) }
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

/// Again, for as long as a signal interrupts.
private func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}
