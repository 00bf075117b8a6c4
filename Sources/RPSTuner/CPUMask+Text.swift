/// A text that names no set of CPUs.
public struct CPUTextError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text, or the part of it that is wrong.
    public var text: String
    /// What it is not: `a mask of CPUs`.
    public var expectation: String

    public var description: String { "'\(text)' is not \(expectation)" }
}

extension CPUMask: CustomStringConvertible {
    /// As the kernel takes it in `rps_cpus`: groups of 32 CPUs in hexadecimal, the highest first
    /// and unpadded; `0` for none.
    ///
    /// The kernel refuses a group that it has no CPUs for, even a zero one (bitmap_parse).
    public var maskText: String {
        let groups = words.flatMap { [UInt32(truncatingIfNeeded: $0), UInt32($0 >> 32)] }
        guard let top = groups.lastIndex(where: { $0 != 0 }) else { return "0" }
        return groups[...top].reversed().enumerated().map { place, group in
            let digits = String(group, radix: 16)
            return place == 0 ? digits : String(repeating: "0", count: 8 - digits.count) + digits
        }.joined(separator: ",")
    }

    /// As in `smp_affinity_list`: `0-3,8`; empty for none.
    public var listText: String {
        var ranges: [(first: Int, last: Int)] = []
        for cpu in self {
            if let last = ranges.indices.last, ranges[last].last == cpu - 1 {
                ranges[last].last = cpu
            } else {
                ranges.append((cpu, cpu))
            }
        }
        return ranges.map { $0 == $1 ? "\($0)" : "\($0)-\($1)" }.joined(separator: ",")
    }

    /// The list.
    public var description: String { listText }

    /// Reads what the kernel writes into `rps_cpus`, and what it takes there.
    ///
    /// - Throws: for anything else: `0x3`, an empty group, one of more than 8 digits.
    public init(maskText text: some StringProtocol) throws(CPUTextError) {
        guard let mask = CPUMask(maskBytes: Array(text.utf8)) else {
            throw CPUTextError(
                text: String(text), expectation: "a mask of CPUs such as ff,ffffffff")
        }
        self = mask
    }

    /// The same from bytes; nil for what is no mask. Hundreds are read at a time.
    init?(maskBytes bytes: some BidirectionalCollection<UInt8>) {
        self.init()
        var words: [UInt64] = []
        var digits = 0
        var group = 0
        for byte in bytes.reversed() {
            if byte == UInt8(ascii: ",") {
                guard digits > 0 else { return nil }
                (digits, group) = (0, group + 1)
                continue
            }
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            guard digits < 8 else { return nil }
            if digit != 0 {
                guard 32 * group <= Self.highest else { return nil }
                while words.count <= group / 2 { words.append(0) }
                words[group / 2] |= UInt64(digit) << UInt64(32 * (group % 2) + 4 * digits)
            }
            digits += 1
        }
        guard digits > 0 else { return nil }
        self.init(words: words)
    }

    /// Reads a list such as `0-3,8`; an empty one is the empty set.
    ///
    /// - Throws: for anything else: `3-`, `3-1`, `0,,1`, a CPU above `highest`.
    public init(listText text: some StringProtocol) throws(CPUTextError) {
        self.init()
        guard !text.isEmpty else { return }
        for range in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = range.split(separator: "-", omittingEmptySubsequences: false).map {
                Self.cpu(Substring($0))
            }
            guard ends.count <= 2, let first = ends.first ?? nil, let last = ends.last ?? nil,
                first <= last
            else {
                throw CPUTextError(
                    text: String(range), expectation: "a list of CPUs such as 0-3,8")
            }
            for cpu in first...last { insert(cpu) }
        }
    }

    private static func cpu(_ text: Substring) -> Int? {
        let isDecimal = text.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
        return isDecimal ? Int(text).flatMap { $0 <= highest ? $0 : nil } : nil
    }
}
