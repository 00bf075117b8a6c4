/// What one CPU has done with received packets since boot: a row of /proc/net/softnet_stat.
///
/// The kernel's counters have 32 bits and wrap.
public struct SoftnetCounters: Hashable, Sendable {
    /// Packets that entered the stack on this CPU.
    public var processed: UInt32 = 0
    /// Packets for which its backlog had no room (`net.core.netdev_max_backlog`).
    public var dropped: UInt32 = 0
    /// Rounds that ended with packets left (`net.core.netdev_budget`).
    public var squeezed: UInt32 = 0
    /// Interrupts with which other CPUs handed packets to it: what RPS costs.
    public var ipis: UInt32 = 0

    public init() {}

    /// Reads the table: hexadecimal, a row for each CPU that is online.
    ///
    /// - Parameters:
    ///   - text: the file; a line that is no row of it is left out.
    ///   - online: whose the rows are, in order, on kernels that do not say so in the 13th column.
    static func table(_ text: String, online: CPUMask) -> [Int: SoftnetCounters] {
        var counters: [Int: SoftnetCounters] = [:]
        var order = online.makeIterator()
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: " "))
            let columns = words.compactMap { UInt32(Substring($0), radix: 16) }
            let implied = order.next()
            guard columns.count == words.count, columns.count >= 10,
                let cpu = columns.count > 12 ? Int(columns[12]) : implied, cpu <= CPUMask.highest
            else { continue }
            var row = SoftnetCounters()
            (row.processed, row.dropped, row.squeezed) = (columns[0], columns[1], columns[2])
            row.ipis = columns[9]
            counters[cpu] = row
        }
        return counters
    }

    /// What has been added since an earlier reading.
    static func &- (later: Self, earlier: Self) -> Self {
        var difference = Self()
        difference.processed = later.processed &- earlier.processed
        difference.dropped = later.dropped &- earlier.dropped
        difference.squeezed = later.squeezed &- earlier.squeezed
        difference.ipis = later.ipis &- earlier.ipis
        return difference
    }
}

/// The other tables that tell what the CPUs do with packets.
enum LoadTable {
    /// The `NET_RX` line of /proc/softirqs: rounds of receiving per CPU.
    static func receiveRounds(_ text: String) -> [Int: UInt32] {
        var lines = text.utf8.split(separator: UInt8(ascii: "\n"))[...]
        guard let header = lines.popFirst() else { return [:] }
        let cpus = header.split(separator: UInt8(ascii: " ")).map {
            Int(Substring($0.dropFirst("CPU".utf8.count)))
        }
        for line in lines {
            let words = line.split(separator: UInt8(ascii: " "))
            guard words.first.map({ Substring($0) }) == "NET_RX:" else { continue }
            var rounds: [Int: UInt32] = [:]
            for (cpu, count) in zip(cpus, words.dropFirst()) {
                if let cpu, let count = UInt32(Substring(count)) { rounds[cpu] = count }
            }
            return rounds
        }
        return [:]
    }

    /// The received packets of each interface of /proc/net/dev.
    static func receivedPackets(_ text: String) -> [String: UInt64] {
        var packets: [String: UInt64] = [:]
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            // A name may hold a colon (an alias); the counters do not.
            guard let colon = line.lastIndex(of: UInt8(ascii: ":")) else { continue }
            let name = line[..<colon].drop { $0 == UInt8(ascii: " ") }
            let counters = line[colon...].dropFirst().split(separator: UInt8(ascii: " "))
            guard counters.count > 1, let count = UInt64(Substring(counters[1])) else { continue }
            packets[String(Substring(name))] = count
        }
        return packets
    }
}
