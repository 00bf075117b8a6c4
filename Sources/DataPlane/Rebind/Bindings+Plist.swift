import Netlink
import Plist

extension Bindings {
    private enum FileKey: String, ConfigKey {
        case version = "Version"
        case addresses = "Addresses"
        case replaced = "Replaced"
    }

    private enum PlaceKey: String, ConfigKey {
        case address = "Address"
        case macAddress = "MACAddress"
        case name = "Name"
        case released = "Released"
    }

    private enum ReplacementKey: String, ConfigKey {
        case macAddress = "MACAddress"
        case name = "Name"
        case with = "With"
    }

    /// The whole file, as it is kept and as `state.plist` has it.
    var plistValue: PlistValue {
        let addresses = places.sorted { $0.key < $1.key }.map { address, place in
            let value: PlistValue.Entry =
                switch place {
                case .interface(let entry): entry.plistEntry
                case .released: .init(PlaceKey.released.rawValue, .boolean(true))
                }
            return PlistValue.dictionary([
                .init(PlaceKey.address.rawValue, .string("\(address)")), value,
            ])
        }
        let replaced = replacements.sorted { $0.key.description < $1.key.description }.map {
            entry, mac in
            PlistValue.dictionary([
                entry.plistEntry, .init(ReplacementKey.with.rawValue, .string("\(mac)")),
            ])
        }
        return .dictionary([
            .init(FileKey.version.rawValue, "1"),
            .init(FileKey.addresses.rawValue, .array(addresses)),
            .init(FileKey.replaced.rawValue, .array(replaced)),
        ])
    }

    /// - Throws: every problem at once. What a newer version may have written is one.
    init(_ source: SourceText) throws(ConfigError) {
        let reading = PlistReader.read(source)
        guard let root = reading.root, reading.diagnostics.isEmpty else {
            throw ConfigError(diagnostics: reading.diagnostics)
        }
        try self.init(root)
    }

    init(_ root: PlistNode) throws(ConfigError) {
        var reader = TreeReader()
        self.init()
        read(root, &reader)
        guard reader.errorCount == 0 else { throw ConfigError(diagnostics: reader.diagnostics) }
    }

    private mutating func read(_ root: PlistNode, _ reader: inout TreeReader) {
        var hasVersion = false
        for entry in reader.entries(of: root, "the file", FileKey.self) ?? [] {
            switch entry.key {
            case .version:
                hasVersion = true
                if let version = reader.number(entry, 0...UInt64.max), version != 1 {
                    reader.error(
                        "'Version' is \(version): a newer rtsetup wrote this; this one reads 1",
                        at: entry.value.location)
                }
            case .addresses: readPlaces(entry.value, &reader)
            case .replaced: readReplacements(entry.value, &reader)
            }
        }
        if !hasVersion, !root.isDamaged {
            reader.error("'Version' is missing", at: root.location)
        }
    }

    private mutating func readPlaces(_ node: PlistNode, _ reader: inout TreeReader) {
        for element in reader.array(node, "'Addresses'") ?? [] {
            var address: IPAddress?
            var found: [Place] = []
            let entries = reader.entries(of: element, "an address's binding", PlaceKey.self)
            for entry in entries ?? [] {
                switch entry.key {
                case .address:
                    address = reader.string(entry.value, "'Address'").flatMap { IPAddress($0) }
                case .macAddress:
                    reader.macAddress(entry).map { found.append(.interface(.mac($0))) }
                case .name:
                    reader.string(entry.value, "'Name'")
                        .map { found.append(.interface(.name($0))) }
                case .released: if reader.boolean(entry) == true { found.append(.released) }
                }
            }
            guard entries != nil else { continue }
            guard let address, found.count == 1, places[address] == nil else {
                reader.error(
                    "a binding is an Address and one of MACAddress, Name and Released",
                    at: element.location)
                continue
            }
            places[address] = found[0]
        }
    }

    private mutating func readReplacements(_ node: PlistNode, _ reader: inout TreeReader) {
        for element in reader.array(node, "'Replaced'") ?? [] {
            var found: [Entry] = []
            var mac: MACAddress?
            let entries = reader.entries(of: element, "a replaced interface", ReplacementKey.self)
            for entry in entries ?? [] {
                switch entry.key {
                case .macAddress: reader.macAddress(entry).map { found.append(.mac($0)) }
                case .name: reader.string(entry.value, "'Name'").map { found.append(.name($0)) }
                case .with: mac = reader.macAddress(entry)
                }
            }
            guard entries != nil else { continue }
            guard let mac, found.count == 1, replacements[found[0]] == nil else {
                reader.error(
                    "a replacement is a MACAddress or a Name, and With", at: element.location)
                continue
            }
            replacements[found[0]] = mac
        }
    }
}

extension Bindings.Entry {
    fileprivate var plistEntry: PlistValue.Entry {
        switch self {
        case .mac(let mac): .init("MACAddress", .string("\(mac)"))
        case .name(let name): .init("Name", .string(name))
        }
    }
}

extension TreeReader {
    fileprivate mutating func macAddress<Key>(_ entry: Entry<Key>) -> MACAddress? {
        guard let text = string(entry.value, "'\(entry.name)'") else { return nil }
        if let mac = MACAddress(text) { return mac }
        error("\(Diagnostic.quote(text)) is not a MAC address", at: entry.value.location)
        return nil
    }
}
