import Plist

extension TreeReader {
    /// `Queues`: checked now, used once steering is built.
    mutating func queues(_ node: PlistNode) {
        for entry in entries(of: node, "'Queues'", QueuesKey.self) ?? [] {
            switch entry.key {
            case .channels: word(entry, or: .number(1...UInt64(UInt16.max)), ["max", "unchanged"])
            case .shrinkChannels: _ = boolean(entry)
            case .rps:
                word(
                    entry, or: .cpuList,
                    ["auto", "off", "all", "exclude-irq", "alibaba", "unchanged"])
            case .xps: word(entry, or: .cpuList, ["auto", "off", "unchanged"])
            // RPS_SOCK_FLOW_ENTRIES is bounded by 1 << 29.
            case .rfs: word(entry, or: .number(1...1 << 29), ["off", "unchanged"])
            case .irqAffinity: word(entry, or: .nothing, ["auto", "unchanged"])
            case .cpus: word(entry, or: .cpuList, [])
            }
        }
    }

    private enum Alternative {
        case nothing
        case number(ClosedRange<UInt64>)
        case cpuList
    }

    private mutating func word(
        _ entry: Entry<QueuesKey>, or alternative: Alternative, _ words: [String]
    ) {
        guard let text = string(entry.value, "'\(entry.name)'"), !words.contains(text) else {
            return
        }
        let closest = Suggestion.closest(to: text, among: words)
        switch alternative {
        case .number(let range) where closest == nil: _ = number(entry, range, or: words)
        case .cpuList where closest == nil: cpuList(text, entry, or: words)
        default: unknownValue(text, of: entry, words)
        }
    }

    /// `0-3,8`
    private mutating func cpuList(
        _ text: String, _ entry: Entry<QueuesKey>, or words: [String]
    ) {
        let isList = text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy {
            let ends = $0.split(separator: "-", omittingEmptySubsequences: false).map { end in
                NumberText.isDecimal(end) ? UInt16(end) : nil
            }
            switch (ends.count, ends.first ?? nil, ends.last ?? nil) {
            case (1, _?, _): return true
            case (2, let first?, let last?): return first <= last
            default: return false
            }
        }
        if isList { return }
        error(
            "'\(entry.name)' must be \(Self.list(words + ["a list of CPUs such as \"0-3,8\""])), "
                + "not \(Diagnostic.quote(text))",
            at: entry.value.location)
    }
}
