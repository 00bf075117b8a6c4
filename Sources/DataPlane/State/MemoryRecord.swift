import Netlink
import Plist
import RPSTuner
import SystemPackage

/// A `Memory` as a text plist, with the boot and the namespace that it speaks of.
struct MemoryRecord {
    var identity: StateFolder.Identity
    var memory: Memory

    init(identity: StateFolder.Identity, memory: Memory) {
        self.identity = identity
        self.memory = memory
    }

    /// - Throws: for bytes that this did not write.
    init(_ bytes: [UInt8], path: String) throws(FileError) {
        let reading = PlistReader.readWhole(SourceText(file: path, bytes: bytes))
        let corrupt = FileError(
            "understand", path, .invalidArgument,
            hint: "it is damaged; without it the first values of settings are forgotten: rm \(path)"
        )
        guard reading.diagnostics.isEmpty, let root = reading.root?.value,
            root["Version"]?.string == "1", let boot = root["Boot"]?.string,
            let namespace = root["Namespace"]?.string
        else { throw corrupt }
        identity = StateFolder.Identity(boot: boot, namespace: namespace)
        memory = Memory()
        memory.protocols = Set(root["Protocols"]?.elements.compactMap { $0.number() } ?? [])
        memory.files = root["Files"]?.elements.compactMap(\.string) ?? []
        memory.discovery = root["Discovery"]?.string
        var addresses: [InterfaceAddress.Identity] = []
        for entry in root["Addresses"]?.entries ?? [] {
            guard let interface = InterfaceIndex(entry.key) else { throw corrupt }
            var text = entry.value.string ?? ""
            let prefixes = text.withUTF8 { bytes in
                bytes.split(separator: UInt8(ascii: " ")).map {
                    IPPrefix.parse(UnsafeBufferPointer(rebasing: $0))
                }
            }
            for prefix in prefixes {
                guard let (address, length) = prefix else { throw corrupt }
                addresses.append(
                    .init(interface: interface, address: address, prefixLength: length))
            }
        }
        memory.createdAddresses = Set(addresses)
        for value in root["Settings"]?.elements ?? [] {
            guard let setting = RememberedSetting(value) else { throw corrupt }
            memory.settings[setting.first.identity] = setting
        }
        for entry in root["Queues"]?.entries ?? [] {
            guard let interface = InterfaceIndex(entry.key),
                let settings = QueueRecord.settings(of: interface, entry.value)
            else { throw corrupt }
            for setting in settings { memory.settings[setting.first.identity] = setting }
        }
        for value in root["Pending"]?.elements ?? [] {
            guard let route = Route(value) else { throw corrupt }
            memory.pending.append(.route(route))
        }
        if case .dictionary(let entries)? = reading.root?.content,
            let node = entries.first(where: { $0.key == "Bindings" })?.value
        {
            do { memory.bindings = try Bindings(node) } catch { throw corrupt }
        }
    }

    var text: String { text(holding: held) }

    /// Most of a record: what its memory holds of addresses and settings.
    var held: [PlistValue.Entry] {
        let settings = memory.settings.values.sorted()
        return [
            .init("Addresses", .dictionary(addresses)),
            .init("Settings", .array(settings.filter { !$0.isOfQueue }.map(\.plistValue))),
            .init("Queues", .dictionary(QueueRecord.entries(settings))),
        ]
    }

    /// Whether `held` is the same for both.
    func holdsSame(as other: MemoryRecord) -> Bool {
        memory.createdAddresses == other.memory.createdAddresses
            && memory.settings == other.memory.settings
    }

    func text(holding held: [PlistValue.Entry]) -> String {
        let routes = memory.pending.compactMap { object -> PlistValue? in
            guard case .route(let route) = object else { return nil }
            return route.plistValue
        }
        var entries: [PlistValue.Entry] = [
            .init("Version", "1"),
            .init("Boot", .string(identity.boot)),
            .init("Namespace", .string(identity.namespace)),
            .init("Protocols", .array(memory.protocols.sorted().map { .integer($0) })),
            .init("Files", .array(memory.files.map { .string($0) })),
        ]
        entries += held
        entries += [
            .init("Pending", .array(routes)),
            .init("Bindings", memory.bindings.plistValue),
        ]
        memory.discovery.map { entries.append(.init("Discovery", .string($0))) }
        return PlistValue.dictionary(entries).text
    }

    /// One entry an interface: `"3" = "10.0.0.20/24 10.0.0.30/24";`
    private var addresses: [PlistValue.Entry] {
        Dictionary(grouping: memory.createdAddresses, by: \.interface)
            .sorted { $0.key < $1.key }.map { interface, addresses in
                var text = ""
                for held in addresses.sorted() {
                    if !text.isEmpty { text += " " }
                    text += held.address.description(length: held.prefixLength)
                }
                return .init("\(interface)", .string(text))
            }
    }
}

extension RememberedSetting {
    fileprivate var isOfQueue: Bool { if case .steering = first { true } else { false } }

    fileprivate init?(_ value: PlistValue) {
        guard let first = value["First"]?.string, let ours = value["Ours"]?.string else {
            return nil
        }
        let interface: InterfaceIndex? = value["Interface"]?.number()
        func object(_ text: String) -> KernelObject? {
            if value["Channels"] != nil {
                guard let interface, let counts = ChannelCounts(text) else { return nil }
                return .channels(ChannelSetting(interface: interface, counts))
            }
            if let path = value["Sysctl"]?.string {
                return .sysctl(
                    SysctlSetting(
                        name: SysctlName(path: path), value: text, interface: interface))
            }
            guard let interface, let kind = value["Link"]?.string else { return nil }
            let setting: LinkSetting.Value? =
                switch kind {
                case "mtu": UInt32(text).map { .mtu($0) }
                case "group": UInt32(text).map { .group($0) }
                case "up": .up(text == "YES")
                default: nil
                }
            return setting.map { .link(LinkSetting(interface: interface, $0)) }
        }
        guard let first = object(first), let ours = object(ours) else { return nil }
        let cause = value["Cause"]?.string.map(SysctlName.init(path:))
        self.init(first: first, ours: ours, cause: cause)
    }

    fileprivate var plistValue: PlistValue {
        var entries: [PlistValue.Entry] = []
        switch first {
        case .sysctl(let setting):
            entries.append(.init("Sysctl", .string(setting.name.path)))
            if let interface = setting.interface {
                entries.append(.init("Interface", .integer(interface)))
            }
        case .link(let setting):
            let kind =
                switch setting.value {
                case .mtu: "mtu"
                case .group: "group"
                case .up: "up"
                }
            entries.append(.init("Link", .string(kind)))
            entries.append(.init("Interface", .integer(setting.interface)))
        case .channels(let setting):
            entries.append(.init("Channels", .boolean(true)))
            entries.append(.init("Interface", .integer(setting.interface)))
        case .address, .route, .rule, .steering:
            break
        }
        entries.append(.init("First", first.settingText))
        entries.append(.init("Ours", ours.settingText))
        if let cause { entries.append(.init("Cause", .string(cause.path))) }
        return .dictionary(entries)
    }
}

extension KernelObject {
    fileprivate var settingText: PlistValue {
        switch self {
        case .sysctl(let setting): .string(setting.value)
        case .link(let setting):
            switch setting.value {
            case .mtu(let mtu): .integer(mtu)
            case .group(let group): .integer(group)
            case .up(let isUp): .boolean(isUp)
            }
        case .channels(let setting): .string(setting.counts.words.text)
        case .address, .route, .rule, .steering: .string("")
        }
    }
}
