public import Netlink

/// The whole seam between rtsetup and the kernel.
public protocol Kernel: AnyObject {
    /// Looks at everything.
    ///
    /// - Parameter sysctls: given the links that are there, the sysctls to read as well.
    /// - Throws: `KernelError` when the kernel gives no consistent answer. A sysctl that does
    ///   not exist is not an error: it has no entry.
    func observe(sysctls: ([Link]) -> Set<SysctlName>) throws(KernelError) -> KernelState

    /// Makes the changes in order, many in one send.
    ///
    /// - Throws: the first refusal. Changes behind it in the same send may have been made: only
    ///   another look tells.
    func perform(_ changes: [Change]) throws(Refusal)
}

/// A change that the kernel refused.
public struct Refusal: Error, Hashable, Sendable {
    /// Which of the changes that were given, from 0; nil where the kernel lost its answer.
    public var index: Int?
    public var error: KernelError

    public init(index: Int?, error: KernelError) {
        self.index = index
        self.error = error
    }
}
