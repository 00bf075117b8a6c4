import Netlink

/// The source prefixes that lead into an interface's table.
enum SourcePrefixes {
    /// The fewest prefixes that hold all of `mine` and none of `others`, each as long as possible.
    ///
    /// A block without a stranger needs one prefix, the longest that still spans its addresses;
    /// a block with one is halved.
    static func cover(_ mine: [IPAddress], avoiding others: [IPAddress]) -> [IPPrefix] {
        func cover(_ mine: ArraySlice<IPAddress>, _ others: ArraySlice<IPAddress>) -> [IPPrefix] {
            guard let first = mine.first, let last = mine.last else { return [] }
            let span = IPPrefix(spanning: first, last)
            let strangers = others.within(span)
            if strangers.isEmpty || span.isHost { return [span] }
            let upper = span.upperHalf
            let split = mine.firstIndex { upper.contains($0) } ?? mine.endIndex
            return cover(mine[..<split], strangers) + cover(mine[split...], strangers)
        }
        return cover(mine.sorted()[...], others.sorted()[...])
    }
}

extension IPPrefix {
    /// The longest prefix that holds both, of one family.
    init(spanning a: IPAddress, _ b: IPAddress) {
        let width = a.family.bitWidth
        let common = UInt8((a.bits ^ b.bits).leadingZeroBitCount) - (128 - width)
        self.init(a, length: common)
    }

    /// The half whose next bit is 1; itself where it is a host.
    var upperHalf: IPPrefix {
        guard !isHost else { return self }
        let bit = UInt128(1) << UInt128(family.bitWidth - length - 1)
        return IPPrefix(
            IPAddress(family: family, bits: address.bits | bit), length: length + 1)
    }

    /// The last address of the block.
    var lastAddress: IPAddress {
        let hostBits = UInt128(family.bitWidth - length)
        let mask = hostBits == 128 ? UInt128.max : (UInt128(1) << hostBits) - 1
        return IPAddress(family: family, bits: address.bits | mask)
    }
}

extension RandomAccessCollection where Element == IPAddress, Index == Int {
    /// Of a sorted run, the part that lies in the block.
    func within(_ block: IPPrefix) -> SubSequence {
        let start = partitionPoint { $0 < block.address }
        let last = block.lastAddress
        let end = partitionPoint { $0 <= last }
        return self[start..<end]
    }
}

extension [IPPrefix] {
    /// Whether one of them, in order and none inside another, has an address in common with the
    /// block.
    func overlap(_ block: IPPrefix) -> Bool {
        let last = block.lastAddress
        let end = partitionPoint { $0.address <= last }
        guard end > startIndex else { return false }
        return self[end - 1].contains(block) || block.contains(self[end - 1])
    }

    /// Without those that lie inside another, in order.
    func outermost() -> [IPPrefix] {
        sorted().reduce(into: []) { prefixes, prefix in
            if prefixes.last?.contains(prefix) != true { prefixes.append(prefix) }
        }
    }
}

extension Sequence where Element: Comparable {
    /// In order, each once.
    func sortedOnce() -> [Element] {
        let sorted = sorted()
        var unique: [Element] = []
        unique.reserveCapacity(sorted.count)
        for element in sorted where unique.last != element { unique.append(element) }
        return unique
    }
}

extension RandomAccessCollection where Index == Int {
    /// The first index whose element no longer comes before; the elements are so ordered.
    func partitionPoint(_ comesBefore: (Element) -> Bool) -> Int {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if comesBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
