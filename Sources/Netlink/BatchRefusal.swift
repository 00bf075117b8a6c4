/// A request of a batch that the kernel refused.
public struct BatchRefusal: Error, Hashable, Sendable {
    /// Which one, from 0; nil where the kernel lost an answer, and nobody knows what was done.
    public var index: Int?
    public var error: KernelError

    public init(index: Int?, error: KernelError) {
        self.index = index
        self.error = error
    }
}
