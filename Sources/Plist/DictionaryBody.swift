/// A dictionary as it grows.
struct DictionaryBody {
    private var entries: [PlistEntry] = []
    /// Lines by key, from the point on where a search would be slower.
    private var seen: [String: Int] = [:]
    var isDamaged = false

    /// Says what is wrong with the key, if anything; a second entry is left out.
    mutating func add(_ entry: PlistEntry) -> String? {
        if entries.count == 16 {
            for entry in entries { seen[entry.key] = entry.keyLocation.line }
        }
        let first =
            entries.count < 16
            ? entries.first { $0.key == entry.key }?.keyLocation.line : seen[entry.key]
        if let first {
            return "duplicate key \(Diagnostic.quote(entry.key)); the first is on line \(first)"
        }
        entries.append(entry)
        if entries.count > 16 { seen[entry.key] = entry.keyLocation.line }
        return nil
    }

    func node(at location: SourceLocation) -> PlistNode {
        PlistNode(.dictionary(entries), at: location, isDamaged: isDamaged)
    }
}
