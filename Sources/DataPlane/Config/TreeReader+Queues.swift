import Plist
import RPSTuner

extension TreeReader {
    /// `Queues`; nil where it could not be read.
    mutating func queues(_ node: PlistNode, at location: SourceLocation) -> QueuesConfig? {
        guard let entries = entries(of: node, "'Queues'", QueuesKey.self) else { return nil }
        var queues = QueuesConfig(location: location)
        for entry in entries {
            let location = entry.value.location
            switch entry.key {
            case .channels:
                queues.set(.channels, \.channels, channels(entry), at: location)
            case .shrinkChannels:
                queues.set(.shrinkChannels, \.shrinksChannels, boolean(entry), at: location)
            case .rps:
                let words: KeyValuePairs<String, SteeringPolicy.RPS> = [
                    "auto": .auto, "off": .off, "all": .all, "exclude-irq": .excludeIRQ,
                    "alibaba": .alibaba, "unchanged": .unchanged,
                ]
                let rps = word(entry, words) { $0.cpuList($1, or: $2).map { .cpus($0) } }
                queues.set(.rps, \.rps, rps, at: location)
            case .xps:
                let words: KeyValuePairs<String, SteeringPolicy.XPS> = [
                    "auto": .auto, "off": .off, "unchanged": .unchanged,
                ]
                let xps = word(entry, words) { $0.cpuList($1, or: $2).map { .cpus($0) } }
                queues.set(.xps, \.xps, xps, at: location)
            case .rfs:
                // RPS_SOCK_FLOW_ENTRIES is bounded by 1 << 29.
                let rfs = word(entry, ["off": SteeringPolicy.RFS.off, "unchanged": .unchanged]) {
                    $0.number($1, 1...1 << 29, or: $2).map { .entries($0) }
                }
                queues.set(.rfs, \.rfs, rfs, at: location)
            case .irqAffinity:
                let words: KeyValuePairs<String, SteeringPolicy.IRQAffinity> = [
                    "auto": .auto, "unchanged": .unchanged,
                ]
                queues.set(.irqAffinity, \.irqAffinity, choice(entry, words), at: location)
            case .cpus:
                let cpus: CPUMask? = word(entry, [:]) { $0.cpuList($1, or: $2) }
                queues.set(.cpus, \.cpus, cpus, at: location)
            }
        }
        return queues
    }

    private mutating func channels(_ entry: Entry<QueuesKey>) -> SteeringPolicy.Channels? {
        word(entry, ["max": .max, "unchanged": .unchanged]) {
            $0.number($1, 1...Int(UInt16.max), or: $2).map { .count($0) }
        }
    }

    /// One of some words, or what else a key takes; a word that is nearly one is that word.
    private mutating func word<Value>(
        _ entry: Entry<QueuesKey>, _ words: KeyValuePairs<String, Value>,
        else read: (inout TreeReader, Entry<QueuesKey>, [String]) -> Value?
    ) -> Value? {
        guard let text = string(entry.value, "'\(entry.name)'") else { return nil }
        if let match = words.first(where: { $0.key == text }) { return match.value }
        let names = words.map(\.key)
        guard Suggestion.closest(to: text, among: names) == nil else {
            unknownValue(text, of: entry, names)
            return nil
        }
        return read(&self, entry, names)
    }

    /// `0-3,8`
    private mutating func cpuList(
        _ entry: Entry<QueuesKey>, or words: [String]
    ) -> CPUMask? {
        guard let text = string(entry.value, "'\(entry.name)'") else { return nil }
        if !text.isEmpty, let cpus = try? CPUMask(listText: text) { return cpus }
        error(
            "'\(entry.name)' must be \(Self.list(words + ["a list of CPUs such as \"0-3,8\""])), "
                + "not \(Diagnostic.quote(text))",
            at: entry.value.location)
        return nil
    }
}
