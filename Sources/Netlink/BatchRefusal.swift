/// A request of a batch that the kernel refused.
public struct BatchRefusal: Error, Hashable, Sendable {
    /// Which one, from 0; nil where the kernel lost an answer, and nobody knows what was done.
    public var index: Int?
    public var error: KernelError
    /// What else was refused in the same chunk, which the kernel carries out to its end.
    public var others: [Int: KernelError]

    public init(index: Int?, error: KernelError, others: [Int: KernelError] = [:]) {
        self.index = index
        self.error = error
        self.others = others
    }
}
