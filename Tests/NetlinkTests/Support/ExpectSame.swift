import Testing

/// Expects two lists to agree, and says where they do not: an exit test hands on only comments.
func expectSame<Value: Equatable>(
    _ seen: [Value], _ wanted: [Value], sourceLocation: SourceLocation = #_sourceLocation
) {
    for index in 0..<max(seen.count, wanted.count) {
        let one = index < seen.count ? "\(seen[index])" : "nothing"
        let other = index < wanted.count ? "\(wanted[index])" : "nothing"
        guard index >= min(seen.count, wanted.count) || seen[index] != wanted[index] else {
            continue
        }
        Issue.record("[\(index)] is \(one), not \(other)", sourceLocation: sourceLocation)
        return
    }
}
