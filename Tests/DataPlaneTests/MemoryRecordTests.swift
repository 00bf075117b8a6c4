import Netlink
import Plist
import RPSTuner
import Testing

@testable import DataPlane

@Suite("What is remembered, as a file") struct MemoryRecordTests {
    private static let identity = StateFolder.Identity(boot: "b", namespace: "n")

    /// Everything that a memory can hold, but bindings: their reader has tests of its own.
    private static func sample() throws -> Memory {
        let gateway = try #require(IPAddress("10.0.0.253"))
        let route = Route(
            destination: try #require(IPPrefix("10.8.0.0/16")), table: 1001, metric: 7,
            preferredSource: IPAddress("10.0.0.20"),
            nextHops: [
                NextHop(
                    interface: 3, gateway: gateway, weight: 2, isOnLink: true,
                    otherAttributes: [RawAttribute(type: 21, payload: [1, 0, 255])]),
                NextHop(interface: 4),
            ], mtu: 1400, otherAttributes: [RawAttribute(type: 8, payload: [16, 32])])
        let name = SysctlName.interface("eth1", "ipv4", "rp_filter")
        func sysctl(_ value: String) -> KernelObject {
            .sysctl(SysctlSetting(name: name, value: value, interface: 3))
        }
        func link(_ value: LinkSetting.Value) -> KernelObject {
            .link(LinkSetting(interface: 3, value))
        }
        func masks(_ cpu: Int) -> KernelObject {
            .steering(SteeringSetting(interface: 3, .rps(0), .cpus([cpu])))
        }
        var memory = Memory()
        memory.protocols = [82, 83]
        memory.files = ["/etc/rtsetup/rtsetup.plist"]
        memory.discovery = "/var/lib/rtdiscover/discovered.plist"
        memory.pending = [.route(route)]
        for host in [20, 30] as [UInt128] {
            let address = InterfaceAddress(
                interface: 3, address: IPAddress(family: .ipv4, bits: 0x0A00_0000 + host),
                prefixLength: 24)
            memory.createdAddresses.insert(address.identity)
        }
        let settings = [
            RememberedSetting(
                first: sysctl("1"), ours: sysctl("0"),
                cause: .interface("all", "ipv4", "rp_filter")),
            RememberedSetting(first: link(.mtu(1500)), ours: link(.mtu(9001))),
            RememberedSetting(first: link(.group(0)), ours: link(.group(82))),
            RememberedSetting(first: link(.up(false)), ours: link(.up(true))),
            RememberedSetting(
                first: .channels(ChannelSetting(interface: 3, ChannelCounts(combined: 1))),
                ours: .channels(ChannelSetting(interface: 3, ChannelCounts(combined: 4)))),
            RememberedSetting(first: masks(0), ours: masks(1), narrowed: masks(2)),
        ]
        for setting in settings { memory.settings[setting.first.identity] = setting }
        return memory
    }

    private static func read(_ value: PlistValue) throws -> Memory {
        try MemoryRecord(Array(value.text.utf8), path: "state.plist").memory
    }

    private static func written(_ memory: Memory) throws -> PlistValue {
        let text = MemoryRecord(identity: identity, memory: memory).text
        let source = SourceText(file: "state.plist", bytes: Array(text.utf8))
        return try #require(PlistReader.readWhole(source).root?.value)
    }

    @Test("comes back whole") func roundTrip() throws {
        let memory = try Self.sample()
        #expect(try Self.read(try Self.written(memory)) == memory)
    }

    @Test("a memory of more than a person's file may have is read back")
    func largeMemory() throws {
        var memory = Memory()
        for bits in 0..<60_000 {
            let address = IPAddress(family: .ipv6, bits: 0x2001_0db8 << 96 | UInt128(bits))
            memory.createdAddresses.insert(
                InterfaceAddress(interface: 3, address: address, prefixLength: 64).identity)
        }
        let bytes = Array(MemoryRecord(identity: Self.identity, memory: memory).text.utf8)
        #expect(bytes.count > PlistReader.maximumSize)
        #expect(try MemoryRecord(bytes, path: "state").memory == memory)
    }

    @Test("of which any value is damaged is an error, and none is forgotten") func damage() throws {
        let record = try Self.written(try Self.sample())
        let damaged = record.damagedInOnePlace() + record.withoutOneKey()
        #expect(damaged.count > 60)
        for (place, value) in damaged {
            #expect(throws: FileError.self, "\(place)") { try Self.read(value) }
        }
    }
}

extension PlistValue {
    /// Texts of others: any is right.
    private static let free: Set<String> = [
        "Boot", "Namespace", "Files", "Discovery", "Sysctl", "Cause",
    ]

    /// Itself once for each key of a record that must be there.
    fileprivate func withoutOneKey() -> [(place: String, value: PlistValue)] {
        guard case .dictionary(let entries) = self else { return [] }
        return entries.filter { !["Discovery", "Bindings"].contains($0.key) }.map { entry in
            ("without \(entry.key)", .dictionary(entries.filter { $0.key != entry.key }))
        }
    }

    /// Itself once for each value in it, which then says what nobody writes.
    fileprivate func damagedInOnePlace() -> [(place: String, value: PlistValue)] {
        let own: [(String, PlistValue)] = [("", self == "?" ? [] : "?")]
        switch self {
        case .string:
            return own
        case .array(let elements):
            return own
                + elements.indices.flatMap { index in
                    elements[index].damagedInOnePlace().map { place, value in
                        var all = elements
                        all[index] = value
                        return ("[\(index)]\(place)", .array(all))
                    }
                }
        case .dictionary(let entries):
            // A sysctl has any value.
            let isSysctl = entries.contains { $0.key == "Sysctl" }
            return own
                + entries.indices.flatMap { index -> [(String, PlistValue)] in
                    let key = entries[index].key
                    if key == "Bindings" { return [] }
                    if Self.free.contains(key) || isSysctl && ["First", "Ours"].contains(key) {
                        var all = entries
                        all[index].value = .dictionary([])
                        return [(".\(key)", .dictionary(all))]
                    }
                    return entries[index].value.damagedInOnePlace().map { place, value in
                        var all = entries
                        all[index].value = value
                        return (".\(key)\(place)", .dictionary(all))
                    }
                }
        }
    }
}
