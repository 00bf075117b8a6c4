/// What somebody may have meant.
enum Suggestion {
    /// The candidate that is close enough to `text` and closest; case does not count.
    ///
    /// A word that others begin or end with is their short form: `Metric` for `RouteMetric`.
    static func closest(to text: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(text.lowercased().utf8)
        guard wanted.count <= 40 else { return nil }
        var best: (text: String, distance: Int)?
        for candidate in candidates {
            let letters = Array(candidate.lowercased().utf8)
            var distance = distance(wanted, letters)
            if distance > max(1, (max(wanted.count, letters.count) + 1) / 4) {
                guard wanted.count >= 3 else { continue }
                if letters.starts(with: wanted) {
                    distance += 100
                } else if letters.suffix(wanted.count).elementsEqual(wanted) {
                    distance += 200
                } else {
                    continue
                }
            }
            if best.map({ distance < $0.distance }) ?? true { best = (candidate, distance) }
        }
        return best?.text
    }

    /// Edits between two words: insert, drop, replace, swap two neighbours.
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in 1...a.count {
            var row = [i]
            row.reserveCapacity(b.count + 1)
            for j in 1...b.count {
                let replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
                var least = min(replaced, last[j] + 1, row[j - 1] + 1)
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    least = min(least, beforeLast[j - 2] + 1)
                }
                row.append(least)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
