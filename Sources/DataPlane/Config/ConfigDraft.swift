import Netlink
import Plist

/// What the files say so far, key by key.
struct ConfigDraft {
    /// The main file's top-level dictionary.
    var location: SourceLocation
    var interfaces: [InterfaceDraft] = []
    var defaults: InterfaceDraft?
    var rules: [RuleConfig] = []
    var sysctls: [SysctlConfig] = []
    var `protocol`: UInt8?
    var linkGroup: UInt32?
    /// `Discovery`, checked.
    var discovery: SourceLocation?
    /// Not all of the interfaces could be read.
    var isIncomplete = false

    init(location: SourceLocation) { self.location = location }

    /// What a drop-in says goes over what was said before.
    mutating func merge(_ later: ConfigDraft, _ reader: inout TreeReader) {
        for draft in later.interfaces { merge(draft, &reader) }
        if var defaults {
            later.defaults.map { defaults.merge($0) }
            self.defaults = defaults
        } else {
            defaults = later.defaults
        }
        rules += later.rules
        sysctls = sysctls.replacing(with: later.sysctls, by: \.name)
        isIncomplete = isIncomplete || later.isIncomplete
    }

    private mutating func merge(_ draft: InterfaceDraft, _ reader: inout TreeReader) {
        let byMAC = draft.mac.flatMap { mac in
            interfaces.firstIndex { $0.mac?.value == mac.value }
        }
        let byName = draft.name.flatMap { name in
            interfaces.firstIndex { $0.name?.value == name.value }
        }
        if let byMAC, let byName, byMAC != byName {
            let places = [byMAC, byName].map {
                interfaces[$0].location.place(from: draft.location)
            }
            reader.error(
                "the MAC is that of the interface on \(places[0]), the name that of the one on "
                    + places[1], at: draft.location)
            return
        }
        if let index = byMAC ?? byName {
            interfaces[index].merge(draft)
        } else {
            interfaces.append(draft)
        }
    }
}

extension SourceLocation {
    /// `line 12`, or `FILE:12` as seen from another file.
    func place(from other: SourceLocation) -> String {
        file == other.file ? "line \(line)" : "\(file):\(line)"
    }
}

extension Array {
    /// Elements of `later` take the place of those with the same key, the others follow.
    func replacing<Key: Hashable>(with later: [Element], by key: (Element) -> Key) -> [Element] {
        var merged = self
        var places = Dictionary(
            enumerated().map { (key($0.element), $0.offset) },
            uniquingKeysWith: { first, _ in first })
        for element in later {
            if let place = places[key(element)] {
                merged[place] = element
            } else {
                places[key(element)] = merged.count
                merged.append(element)
            }
        }
        return merged
    }
}
