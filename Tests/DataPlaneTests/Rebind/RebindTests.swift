import Netlink
import Plist
import Testing

@testable import DataPlane

@Suite("Rebind")
struct RebindTests {
    private func resolve(
        _ action: Rebind.Action, _ bindings: StandingBindings = StandingBindings(),
        isRuntime: Bool = false, isForced: Bool = false, text: String = RebindHost.text
    ) throws -> ResolvedRebind {
        ResolvedRebind(
            Rebind(action, isRuntime: isRuntime, isForced: isForced),
            config: try RebindHost.config(text), bindings: bindings, links: RebindHost.links)
    }

    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    @Test(
        "binds to the entry, however its link is named",
        arguments: [
            ("eth2", Bindings.Entry.name("eth2")), ("enp2", .name("eth2")),
            ("00:16:3E:12:E7:02", .name("eth2")),
        ])
    func names(interface: String, entry: Bindings.Entry) throws {
        let resolved = try resolve(.bind([RebindHost.address], to: interface))
        #expect(resolved.refusals == [])
        #expect(resolved.bindings.kept.places == [RebindHost.address: .interface(entry)])
    }

    @Test("an address that comes home needs no binding any more")
    func home() throws {
        let away = try resolve(.bind([RebindHost.address], to: "eth2")).bindings
        let back = try resolve(.bind([RebindHost.address], to: "eth1"), away).bindings
        #expect(back == StandingBindings())
        let initiallyReleased = try address("10.0.0.31")
        let bound = try resolve(.bind([initiallyReleased], to: "eth1")).bindings
        #expect(
            bound.kept.places == [initiallyReleased: .interface(.mac(RebindHost.mac1))])
        #expect(try resolve(.release([initiallyReleased]), bound).bindings == StandingBindings())
    }

    @Test("a runtime binding overrides, and one that is kept ends it")
    func runtime() throws {
        let kept = try resolve(.bind([RebindHost.address], to: "eth2")).bindings
        let over = try resolve(.bind([RebindHost.address], to: "eth1"), kept, isRuntime: true)
            .bindings
        #expect(over.kept == kept.kept)
        #expect(over.place(of: RebindHost.address) == .interface(.mac(RebindHost.mac1)))
        #expect(
            try resolve(.bind([RebindHost.address], to: "eth2"), over, isRuntime: true).bindings
                == kept)
        let released = try resolve(.release([RebindHost.address]), over).bindings
        #expect(released.place(of: RebindHost.address) == .released)
        #expect(released.runtime == Bindings())
    }

    @Test(
        "is refused with a reason",
        arguments: [
            ("10.0.0.99", "eth2", "no file has the address 10.0.0.99"),
            ("10.0.0.20", "eth2", "10.0.0.20 is not Floating"),
            ("10.0.0.30", "eth9", "no interface eth9 on this host"),
            ("10.0.0.30", "eth8", "eth8 is in the file, but not on this host"),
            ("10.0.0.30", "eth7", "eth7 is in no file"),
            ("10.0.0.30", "eth4", "eth4 is Managed = NO"),
            ("10.0.0.30", "eth5", "eth5 is held down"),
            ("10.0.0.30", "00:16:3e:12:e7:77", "no interface 00:16:3e:12:e7:77"),
            ("2001:db8::30", "eth6", "eth6 cannot take 2001:db8::30: IPv6 is disabled there"),
        ])
    func refusals(text: String, interface: String, reason: String) throws {
        let address = try address(text)
        let resolved = try resolve(.bind([address], to: interface))
        #expect(resolved.refusals.count == 1)
        #expect(resolved.refusals[0].message.hasPrefix(reason), "\(resolved.refusals)")
        #expect(resolved.refusals[0].severity == .error)
    }

    @Test("is refused without the advice to list lo, which no file may")
    func loopback() throws {
        let resolved = try resolve(.bind([try address("10.0.0.30")], to: "lo"))
        #expect(resolved.refusals.map(\.message) == ["lo is in no file"])
    }

    @Test("what is not Floating moves when forced")
    func forced() throws {
        let address = try address("10.0.0.20")
        #expect(try resolve(.bind([address], to: "eth2"), isForced: true).refusals == [])
        #expect(try resolve(.release([address])).refusals.count == 1)
    }

    @Test("every refusal is told at once")
    func allRefusals() throws {
        let addresses = try ["10.0.0.99", "10.0.0.20", "10.0.0.30"].map(address)
        #expect(try resolve(.bind(addresses, to: "eth2")).refusals.count == 2)
    }

    @Test("releasing what only the bindings know forgets it")
    func forgets() throws {
        var bindings = StandingBindings()
        let unknown = try address("192.0.2.1")
        bindings.kept.places[unknown] = .released
        #expect(try resolve(.release([unknown]), bindings).bindings == StandingBindings())
        #expect(try resolve(.release([unknown])).refusals.count == 1)
    }

    // MARK: Replacing

    private let mac7 = MACAddress(bits: RebindHost.mac1.bits + 6)

    @Test("a replaced ENI's entry has the new MAC address, and gets the old one back")
    func replaces() throws {
        let replaced = try resolve(.replace(RebindHost.mac1, with: mac7))
        #expect(replaced.refusals == [])
        #expect(replaced.bindings.kept.replacements == [.mac(RebindHost.mac1): mac7])
        let again = try resolve(.replace(RebindHost.mac1, with: mac7), replaced.bindings)
        #expect(again.refusals == [] && again.bindings == replaced.bindings)
        let back = try resolve(.replace(mac7, with: RebindHost.mac1), replaced.bindings)
        #expect(back.refusals == [] && back.bindings == StandingBindings())
    }

    @Test("an address still moves to a replaced ENI")
    func bindsToReplaced() throws {
        let replaced = try resolve(.replace(RebindHost.mac1, with: mac7)).bindings
        let away = try resolve(.bind([RebindHost.address], to: "eth2"), replaced).bindings
        let back = try resolve(.bind([RebindHost.address], to: "eth7"), away)
        #expect(back.refusals == [] && back.bindings == replaced)
        #expect(back.target?.name == "eth7")
    }

    @Test("a replacement that is not there, another entry's or of nothing is refused")
    func replaceRefusals() throws {
        let unknown = MACAddress(bits: 1)
        let eth2 = MACAddress(bits: RebindHost.mac1.bits + 1)
        for (old, new) in [(RebindHost.mac1, unknown), (unknown, mac7), (RebindHost.mac1, eth2)] {
            #expect(try resolve(.replace(old, with: new)).refusals.count == 1, "\(old) \(new)")
        }
    }
}
