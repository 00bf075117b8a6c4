internal import CNL

/// What a route says of the way behind it, as in `ip route`: `mtu`, `advmss`, `initcwnd`.
package struct NamedMetric: Hashable, Sendable {
    package enum Value: Hashable, Sendable {
        case number(UInt32)
        /// So many of these parts of a millisecond.
        case duration(UInt32, parts: UInt32)
        /// `RTAX_FEATURE_*`: ECN, and what newer kernels have.
        case features(UInt32)
        case name(String)
    }

    package var key: String
    package var value: Value
    /// Whether the kernel may not change it by what it learns of the way (`RTAX_LOCK`).
    package var isLocked: Bool
}

extension Route {
    /// The MTU and the other metrics (`RTAX_*`), in the kernel's order.
    package var metrics: [NamedMetric] {
        let nest = otherAttributes.first { $0.type == RTA_METRICS.rawValue }
        guard mtu != nil || nest != nil else { return [] }
        var values: [Int: NamedMetric.Value] = [:]
        values[Int(RTAX_MTU)] = mtu.map { .number($0) }
        var locks: UInt32 = 0
        for (type, value) in nest?.metricValues ?? [] {
            if type == RTAX_LOCK, case .number(let mask) = value { locks = mask }
            values[type] = value
        }
        return NamedMetric.keys.compactMap { type, key in
            let isLocked = locks & 1 << UInt32(type) != 0
            // The kernel reads it only where it is locked, as iproute2 makes it.
            guard let value = values[type], isLocked || type != RTAX_RTO_MIN else { return nil }
            return NamedMetric(key: key, value: value, isLocked: isLocked)
        }
    }
}

extension NamedMetric {
    /// In iproute2's words.
    fileprivate static let keys: [(type: Int, key: String)] = [
        (Int(RTAX_MTU), "mtu"), (Int(RTAX_WINDOW), "window"), (Int(RTAX_RTT), "rtt"),
        (Int(RTAX_RTTVAR), "rttvar"), (Int(RTAX_SSTHRESH), "ssthresh"),
        (Int(RTAX_CWND), "cwnd"), (Int(RTAX_ADVMSS), "advmss"),
        (Int(RTAX_REORDERING), "reordering"), (Int(RTAX_HOPLIMIT), "hoplimit"),
        (Int(RTAX_INITCWND), "initcwnd"), (Int(RTAX_FEATURES), "features"),
        (Int(RTAX_RTO_MIN), "rto_min"), (Int(RTAX_INITRWND), "initrwnd"),
        (Int(RTAX_QUICKACK), "quickack"), (Int(RTAX_CC_ALGO), "congctl"),
        (Int(RTAX_FASTOPEN_NO_COOKIE), "fastopen_no_cookie"),
    ]
}

extension RawAttribute {
    /// Of a nest of metrics, which was whole when it was read (`Route.readMetrics`).
    fileprivate var metricValues: [(type: Int, value: NamedMetric.Value)] {
        payload.withUnsafeBytes { bytes in
            var found: [(type: Int, value: NamedMetric.Value)] = []
            var metrics = AttributeReader(bytes)
            while let metric = try? metrics.next() {
                if metric.type == RTAX_CC_ALGO {
                    found.append((metric.type, .name(metric.text)))
                } else if let number = try? metric.integer(UInt32.self) {
                    found.append((metric.type, .init(number, of: metric.type)))
                }
            }
            return found
        }
    }
}

extension NamedMetric.Value {
    /// The kernel counts a round trip in eighths of a millisecond, and its variance in quarters.
    fileprivate init(_ number: UInt32, of type: Int) {
        switch type {
        case Int(RTAX_RTT): self = .duration(number, parts: 8)
        case Int(RTAX_RTTVAR): self = .duration(number, parts: 4)
        case Int(RTAX_RTO_MIN): self = .duration(number, parts: 1)
        case Int(RTAX_FEATURES): self = .features(number)
        default: self = .number(number)
        }
    }
}
