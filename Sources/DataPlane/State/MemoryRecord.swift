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
        do throws(Damage) {
            guard reading.diagnostics.isEmpty else { throw Damage() }
            try self.init(try reading.root.orDamage())
        } catch {
            throw FileError(
                "understand", path, .invalidArgument,
                hint: "it is damaged; without it the first values of settings are forgotten: "
                    + "rm \(path)")
        }
    }

    private init(_ node: PlistNode) throws(Damage) {
        let root = node.value
        guard root["Version"]?.string == "1" else { throw Damage() }
        identity = StateFolder.Identity(
            boot: try root.required("Boot", \.string),
            namespace: try root.required("Namespace", \.string))
        memory = Memory()
        memory.protocols = Set(
            try root.elements("Protocols") { value throws(Damage) in
                try value.number(UInt8.self).orDamage()
            })
        memory.files = try root.elements("Files") { value throws(Damage) in
            try value.string.orDamage()
        }
        memory.discovery = try root.optional("Discovery", \.string)
        var addresses: [InterfaceAddress.Identity] = []
        for entry in try root.entries("Addresses") {
            addresses += try Self.addresses(of: entry)
        }
        memory.createdAddresses = Set(addresses)
        for setting in try root.elements("Settings", RememberedSetting.init) {
            memory.settings[setting.first.identity] = setting
        }
        for entry in try root.entries("Queues") {
            for setting in try QueueRecord.settings(entry) {
                memory.settings[setting.first.identity] = setting
            }
        }
        memory.pending = try root.elements("Pending", Route.init).map { .route($0) }
        if case .dictionary(let entries) = node.content,
            let bindings = entries.first(where: { $0.key == "Bindings" })?.value
        {
            do { memory.bindings = try Bindings(bindings) } catch { throw Damage() }
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

    private static func addresses(
        of entry: PlistValue.Entry
    ) throws(Damage) -> [InterfaceAddress.Identity] {
        let interface = try InterfaceIndex(entry.key).orDamage()
        var text = try entry.value.string.orDamage()
        let prefixes = text.withUTF8 { bytes in
            bytes.split(separator: UInt8(ascii: " ")).map {
                IPPrefix.parse(UnsafeBufferPointer(rebasing: $0))
            }
        }
        var addresses: [InterfaceAddress.Identity] = []
        for prefix in prefixes {
            let (address, length) = try prefix.orDamage()
            addresses.append(.init(interface: interface, address: address, prefixLength: length))
        }
        return addresses
    }

    /// One entry an interface: `"3" = "10.0.0.20/24 10.0.0.30/24";`
    private var addresses: [PlistValue.Entry] {
        var entries: [PlistValue.Entry] = []
        var rest = memory.createdAddresses.sorted()[...]
        while let interface = rest.first?.interface {
            var text: [UInt8] = []
            while let held = rest.first, held.interface == interface {
                if !text.isEmpty { text.append(" ") }
                text.append(held.address.description(length: held.prefixLength))
                rest.removeFirst()
            }
            entries.append(
                .init("\(interface)", .string(String(decoding: text, as: UTF8.self))))
        }
        return entries
    }
}
