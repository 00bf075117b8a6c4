public import SystemPackage

/// What the kernel answered when it refused.
public struct KernelError: Error, Hashable, Sendable {
    /// What was asked, in a few words: `dump routes`, `open netlink socket`.
    public var operation: String
    public var errno: Errno
    /// The kernel's own words (extended ack), where it gave any.
    public var message: String?

    public init(_ operation: String, _ errno: Errno, message: String? = nil) {
        self.operation = operation
        self.errno = errno
        self.message = message
    }
}

extension KernelError: CustomStringConvertible {
    /// `dump routes: Invalid argument (errno 22): the kernel's words`
    public var description: String {
        "\(operation): \(reason)"
    }

    /// `Invalid argument (errno 22): the kernel's words`
    public var reason: String {
        "\(errno) (errno \(errno.rawValue))" + (message.map { ": \($0)" } ?? "")
    }
}
