import Glibc
import Netlink
import Plist
import Testing

@testable import Discovery

@Suite("The discovered file") struct FileTextTests {
    private func interface(
        _ number: UInt64, isPrimary: Bool = false, _ addresses: String...,
        gateways: [AddressFamily: String] = [:]
    ) throws -> DiscoveredInterface {
        let parsed = try addresses.map { text in
            let (address, length) = try #require(IPPrefix.parse(text))
            return DiscoveredInterface.Address(address, prefixLength: length)
        }
        return DiscoveredInterface(
            mac: MACAddress(bits: number), isPrimary: isPrimary, addresses: parsed,
            primary: Set(parsed.prefix(1).map(\.address)),
            gateways: gateways.compactMapValues { IPAddress($0) })
    }

    private func text(
        _ interfaces: DiscoveredInterface..., primary: PrimaryPolicy = .keep,
        previous: String = ""
    ) -> String {
        DiscoveredInstance(provider: "test", id: nil, interfaces: interfaces)
            .text(primary: primary, previous: PreviousDiscovery(Array(previous.utf8)))
    }

    /// The values of a key, in the order of the interfaces.
    private func values(_ key: String, in text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: "=", maxSplits: 1).map { $0.drop { $0 == " " } }
            guard parts.count == 2, parts[0] == "\(key) " else { return nil }
            return String(parts[1].dropLast())
        }
    }

    @Test("is the same to the byte, whatever the order of the metadata")
    func stable() throws {
        let first = try interface(9, isPrimary: true, "10.0.0.9/24", gateways: [.ipv4: "10.0.0.1"])
        let second = try interface(1, "10.0.0.2/24", "10.0.0.7/24", "10.0.0.3/24")
        let other = try interface(1, "10.0.0.2/24", "10.0.0.3/24", "10.0.0.7/24")
        #expect(text(first, second) == text(other, first))
        #expect(values("Primary", in: text(second, first)) == ["YES"])
        #expect(values("MACAddress", in: text(second, first))[0].contains(":09"))
    }

    @Test("keeps the primary's lease and gateway to DHCP, and its secondaries beside it")
    func kept() throws {
        let primary = try interface(
            1, isPrimary: true, "10.0.0.2/24", "10.0.0.7/24", gateways: [.ipv4: "10.0.0.1"])
        let kept = text(primary)
        #expect(values("Addressing", in: kept) == ["external"])
        #expect(values("Addresses", in: kept) == ["( \"10.0.0.7/24\" )"])
        #expect(values("Gateway", in: kept) == [])
        let managed = text(primary, primary: .manage)
        #expect(values("Addressing", in: managed) == [])
        #expect(values("Addresses", in: managed) == ["( \"10.0.0.2/24\", \"10.0.0.7/24\" )"])
        #expect(values("Gateway", in: managed) == ["\"10.0.0.1\""])
    }

    @Test("says the IPv6 gateway that the cloud says, and auto where the router does")
    func ipv6Gateways() throws {
        let served = try interface(
            1, isPrimary: true, "10.0.0.2/24", "2001:db8::2/64",
            gateways: [.ipv4: "10.0.0.1", .ipv6: "2001:db8::ff"])
        #expect(values("Gateway", in: text(served)) == ["( \"2001:db8::ff\", auto )"])
        // The lease may be a /128 that reaches nothing.
        #expect(values("GatewayOnLink", in: text(served)) == ["YES"])
        let announced = try interface(
            2, "10.0.0.3/24", "2001:db8::3/64", gateways: [.ipv4: "10.0.0.1"])
        #expect(values("Gateway", in: text(announced)) == ["( \"10.0.0.1\", auto )"])
        let alone = try interface(3, "2001:db8::4/64")
        #expect(values("Gateway", in: text(alone)) == ["auto"])
    }

    @Test("says so where no subnet reaches a gateway")
    func onLink() throws {
        let off = try interface(1, "10.0.0.2/24", gateways: [.ipv4: "10.9.9.1"])
        #expect(values("GatewayOnLink", in: text(off)) == ["YES"])
        let linkLocal = try interface(1, "2001:db8::4/64", gateways: [.ipv6: "fe80::1"])
        #expect(values("GatewayOnLink", in: text(linkLocal)) == [])
        let host = try interface(1, "10.0.0.2/32", gateways: [.ipv4: "10.0.0.1"])
        #expect(values("GatewayOnLink", in: text(host)) == ["YES"])
    }

    @Test("numbers an ENI once")
    func tables() throws {
        let primary = try interface(5, isPrimary: true, "10.0.0.5/24")
        let one = try interface(1, "10.0.0.1/24")
        let two = try interface(2, "10.0.0.2/24")
        let three = try interface(3, "10.0.0.3/24")
        let first = text(primary, two)
        #expect(values("Table", in: first) == ["1000", "1001"])
        let second = text(primary, one, two, three, previous: first)
        #expect(values("Table", in: second) == ["1000", "1002", "1001", "1003"])
        let third = text(primary, two, three, previous: second)
        #expect(values("Table", in: third) == ["1000", "1001", "1003"])
        let fourth = text(primary, one, two, three, previous: third)
        #expect(values("Table", in: fourth) == ["1000", "1002", "1001", "1003"])
    }

    @Test(
        "is numbered anew where the last one cannot be believed",
        arguments: ["0", "254", "99999999999", "x", "1000", "(1)"])
    func damagedTables(number: String) throws {
        let primary = try interface(5, isPrimary: true, "10.0.0.5/24")
        let one = try interface(1, "10.0.0.1/24")
        let previous =
            "{ Interfaces = ( { MACAddress = \"\(one.mac)\"; Table = \(number); }, x, { } ); }"
        #expect(values("Table", in: text(primary, one, previous: previous)) == ["1000", "1001"])
    }

    @Test("holds the metadata's own words on one line of comment each")
    func remarks() throws {
        var evil = try interface(1, isPrimary: true, "10.0.0.1/24")
        let words = "*/ }\n Sysctl = { \"a\" = 1; };\r\u{2028}\u{85}\u{1B}[2J \u{202E}é"
        evil.remarks = [.init("ENI", words + String(repeating: "x", count: 5000))]
        let instance = DiscoveredInstance(
            provider: "test", id: words, publicAddresses: [words], interfaces: [evil])
        let text = instance.text(primary: .keep, previous: .init())
        #expect(text.utf8.allSatisfy { $0 == 10 || (0x20...0x7E).contains($0) })
        #expect(text.utf8.count < 1000)
        let tree = PlistReader.read(SourceText(file: "f", text: text))
        #expect(tree.diagnostics == [])
        guard case .dictionary(let entries) = tree.root?.content else {
            Issue.record("no dictionary")
            return
        }
        #expect(entries.map(\.key) == ["Version", "Interfaces"])
    }

    @Test("is written whole, for everybody to read, or not at all")
    func output() throws {
        var template = Array("/tmp/rtsetup-test-XXXXXX".utf8CString)
        let folder = try #require(
            template.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
            })
        let path = folder + "/discovered.plist"
        defer {
            unlink(path)
            rmdir(folder)
        }
        let file = OutputFile(path)
        #expect(try file.read() == nil)
        let mask = umask(0o077)
        try file.write("one")
        try file.write("two")
        umask(mask)
        #expect(try file.read() == Array("two".utf8))
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o644)
        #expect(throws: OutputFile.Failure.self) { try OutputFile(folder).write("x") }
        #expect(throws: OutputFile.Failure.self) { try OutputFile(folder + "/a/b").write("x") }
    }
}
