/// A set of CPUs by number, from 0 to `CPUMask.highest`; of any size.
public struct CPUMask: Hashable, Sendable, SetAlgebra {
    /// No kernel numbers a CPU beyond (NR_CPUS is at most 8192 today); what would not fit is left
    /// out.
    public static let highest = Int(UInt16.max)

    /// 64 CPUs each, the lowest first. The last one is not 0, so that equal sets are equal.
    private(set) var words: [UInt64] = []

    public init() {}

    /// - Parameter words: the last one is not 0.
    init(words: [UInt64]) { self.words = words }

    /// The CPUs 0 to `count` - 1.
    public init(first count: Int) { self.init(0..<Swift.max(0, count)) }

    public var isEmpty: Bool { words.isEmpty }
    public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
    /// The lowest CPU.
    public var first: Int? { first { _ in true } }
    /// The highest CPU.
    public var last: Int? {
        words.last.map { 64 * words.count - 1 - $0.leadingZeroBitCount }
    }

    public func contains(_ cpu: Int) -> Bool {
        cpu >= 0 && cpu / 64 < words.count && words[cpu / 64] >> UInt64(cpu % 64) & 1 == 1
    }

    @discardableResult
    public mutating func insert(_ cpu: Int) -> (inserted: Bool, memberAfterInsert: Int) {
        guard (0...Self.highest).contains(cpu), !contains(cpu) else { return (false, cpu) }
        while words.count <= cpu / 64 { words.append(0) }
        words[cpu / 64] |= 1 << UInt64(cpu % 64)
        return (true, cpu)
    }

    @discardableResult public mutating func update(with cpu: Int) -> Int? {
        insert(cpu).inserted ? nil : cpu
    }

    @discardableResult public mutating func remove(_ cpu: Int) -> Int? {
        guard contains(cpu) else { return nil }
        words[cpu / 64] &= ~(1 << UInt64(cpu % 64))
        trim()
        return cpu
    }

    public mutating func formUnion(_ other: CPUMask) { combine(other, |) }

    public mutating func formIntersection(_ other: CPUMask) { combine(other, &) }

    public mutating func formSymmetricDifference(_ other: CPUMask) { combine(other, ^) }

    public func union(_ other: CPUMask) -> CPUMask { combined(other, |) }

    public func intersection(_ other: CPUMask) -> CPUMask { combined(other, &) }

    public func symmetricDifference(_ other: CPUMask) -> CPUMask { combined(other, ^) }

    private func combined(
        _ other: CPUMask, _ operation: (UInt64, UInt64) -> UInt64
    ) -> CPUMask {
        var result = self
        result.combine(other, operation)
        return result
    }

    private mutating func combine(_ other: CPUMask, _ operation: (UInt64, UInt64) -> UInt64) {
        for index in 0..<Swift.max(words.count, other.words.count) {
            if index == words.count { words.append(0) }
            let theirs = index < other.words.count ? other.words[index] : 0
            words[index] = operation(words[index], theirs)
        }
        trim()
    }

    private mutating func trim() {
        while words.last == 0 { words.removeLast() }
    }
}

extension CPUMask: Sequence {
    /// The CPUs in ascending order.
    public struct Iterator: IteratorProtocol {
        private var rest: [UInt64]
        private var index = 0

        fileprivate init(_ words: [UInt64]) { rest = words }

        public mutating func next() -> Int? {
            while index < rest.count {
                let word = rest[index]
                if word != 0 {
                    rest[index] = word & (word - 1)
                    return 64 * index + word.trailingZeroBitCount
                }
                index += 1
            }
            return nil
        }
    }

    public func makeIterator() -> Iterator { Iterator(words) }
}
