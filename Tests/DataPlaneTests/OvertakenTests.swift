import Netlink
import Plist
import Testing

@testable import DataPlane

@Suite("Others at work in the middle of a run") struct OvertakenTests {
    private static let text = """
        { Version = 1; Interfaces = (
            { Name = eth0; Primary = YES; Addressing = external; Gateway = "10.0.0.253"; },
            { Name = eth1; Addresses = ( "10.0.0.20/24" ); Gateway = "10.0.0.253"; } ); }
        """

    @Test("A lease that comes while the plan is carried out gets another plan")
    func lease() throws {
        let machine = try Machine(.twoNICs)
        let lease = InterfaceAddress(
            interface: 2, address: try #require(IPAddress("10.0.0.19")), prefixLength: 24)
        var count = 0
        let kernel = machine.kernel
        let down = LinkSetting(interface: lease.interface, .up(false))
        kernel.onChange = { change, _ in
            count += 1
            if count == 1 { try? kernel.disturb(.add(.address(lease))) }
            if case .replace(_, with: .link(let setting)) = change.action {
                #expect(setting != down, "the undo takes the lease along")
            }
        }
        let outcome = try machine.apply(Self.text)
        guard case .applied = outcome.result else {
            Issue.record("\(outcome.result)")
            return
        }
        #expect(outcome.warnings.map(\.message).contains { $0.hasPrefix("others changed") })
        #expect(try machine.preview(Self.text).plan.isEmpty)
        #expect(machine.state.rules.contains { $0.source?.contains(lease.address) == true })
    }

    @Test("So does one that has gone again when it has been seen")
    func passingLease() throws {
        let machine = try Machine(.twoNICs)
        let lease = InterfaceAddress(
            interface: 2, address: try #require(IPAddress("10.0.0.19")), prefixLength: 24)
        let kernel = machine.kernel
        var hasCome = false
        var hasGone = false
        kernel.onChange = { _, _ in
            guard !hasCome else { return }
            hasCome = true
            try? kernel.disturb(.add(.address(lease)))
        }
        kernel.onObserved = {
            guard hasCome, !hasGone else { return }
            hasGone = true
            try? kernel.disturb(.remove(.address(lease)))
        }
        let outcome = try machine.apply(Self.text)
        guard case .applied = outcome.result else {
            Issue.record("\(outcome.result)")
            return
        }
        #expect(hasGone)
        #expect(outcome.warnings.map(\.message).contains { $0.hasPrefix("others changed") })
        #expect(try machine.preview(Self.text).plan.isEmpty)
    }

    @Test("What others have removed before the plan does is no refusal")
    func removal() throws {
        let machine = try Machine(.twoNICs)
        _ = try machine.apply(Self.text)
        let kernel = machine.kernel
        let rule = try #require(machine.state.rules.first { $0.priority == 20001 })
        var isDone = false
        kernel.onChange = { _, _ in
            guard !isDone else { return }
            isDone = true
            try? kernel.disturb(.remove(.rule(rule)))
        }
        let text = Self.text.replacing("10.0.0.20/24", with: "10.0.0.30/24")
        let outcome = try machine.apply(text)
        guard case .applied = outcome.result else {
            Issue.record("\(outcome.result)")
            return
        }
        #expect(outcome.warnings.map(\.message).contains { $0.hasPrefix("others changed") })
        #expect(try machine.preview(text).plan.isEmpty)
    }

    @Test("What others have added before the plan does is left to them")
    func addition() throws {
        let machine = try Machine(.twoNICs)
        let kernel = machine.kernel
        let address = InterfaceAddress(
            interface: 3, address: try #require(IPAddress("10.0.0.20")), prefixLength: 24)
        var isDone = false
        kernel.onChange = { _, _ in
            guard !isDone else { return }
            isDone = true
            try? kernel.disturb(.add(.address(address)))
        }
        guard case .applied = try machine.apply(Self.text).result else {
            Issue.record("not applied")
            return
        }
        #expect(machine.state.addresses.map(\.identity) == [address.identity])
        #expect(machine.state.addresses.map(\.protocol) == [address.protocol])
        #expect(try machine.preview(Self.text).plan.isEmpty)
    }

    @Test("A link that goes in the middle is missing, and no refusal") func unplugged() throws {
        let machine = try Machine(.twoNICs)
        let kernel = machine.kernel
        kernel.onChange = { change, _ in
            if case .add(.address) = change.action { kernel.unplug(3) }
        }
        let outcome = try machine.apply(Self.text)
        switch outcome.result {
        case .applied, .unchanged: break
        default: Issue.record("\(outcome.result)")
        }
        #expect(outcome.warnings.map(\.message).contains { $0.hasPrefix("no interface eth1") })
        #expect(machine.state.addresses.isEmpty)
    }

    @Test("Who undoes what the plan has done is not waited for")
    func undoing() throws {
        let machine = try Machine(.twoNICs)
        let kernel = machine.kernel
        var count = 0
        kernel.onChange = { change, _ in
            guard case .add(.rule(let rule)) = change.action, rule.priority == 20001 else { return }
            count += 1
            try? kernel.disturb(.remove(.rule(rule)))
        }
        guard case .undone(.notConverged) = try machine.apply(Self.text).result else {
            Issue.record("not undone")
            return
        }
        #expect(count == 1)
    }
}
