public import Netlink

/// The whole seam between rtsetup and the kernel.
public protocol Kernel: AnyObject {
    /// Looks at everything.
    ///
    /// - Parameters:
    ///   - sysctls: given the links that are there, the sysctls to read as well.
    ///   - queues: likewise, the links whose channels and queues are to be read.
    /// - Throws: `KernelError` when the kernel gives no consistent answer. A sysctl that does
    ///   not exist is not an error: it has no entry.
    func observe(
        sysctls: ([Link]) -> Set<SysctlName>,
        queues: ([Link]) -> [InterfaceIndex: QueueInterest]
    ) throws(KernelError) -> KernelState

    /// Makes the changes in order, many in one send.
    ///
    /// - Throws: the first refusal. Changes behind it in the same send may have been made: only
    ///   another look tells.
    func perform(_ changes: [Change]) throws(Refusal)
}

extension Kernel {
    /// Looks at everything but queues.
    public func observe(sysctls: ([Link]) -> Set<SysctlName>) throws(KernelError) -> KernelState {
        try observe(sysctls: sysctls, queues: { _ in [:] })
    }
}

/// A change that the kernel refused.
public struct Refusal: Error, Hashable, Sendable {
    /// Which of the changes that were given, from 0; nil where the kernel lost its answer.
    public var index: Int?
    public var error: KernelError
    /// What else was refused in the same send, which the kernel carries out to its end.
    public var others: [Int: KernelError]

    public init(index: Int?, error: KernelError, others: [Int: KernelError] = [:]) {
        self.index = index
        self.error = error
        self.others = others
    }
}
