import Netlink
import Plist
import SystemPackage
import Testing

@testable import DataPlane

@Suite("What cannot be undone") struct UndoTests {
    private static let text = """
        { Version = 1; Interfaces = (
            { Name = eth0; Primary = YES; Addressing = external; Gateway = "10.0.0.253"; },
            { Name = eth1; Addresses = ( "10.0.0.20/24", "10.0.0.21/24", "10.0.0.22/24" );
              Gateway = "10.0.0.253"; } ); }
        """

    private static func isRemoval(_ action: Change.Action, _ address: String) -> Bool {
        guard case .remove(.address(let removed)) = action else { return false }
        return removed.address == IPAddress(address)
    }

    @Test("is listed with what the kernel said; all else is undone")
    func stuck() throws {
        let twin = try Machine(.twoNICs)
        _ = try twin.apply(Self.text)

        let machine = try Machine(.twoNICs)
        machine.kernel.fault = .refusal(at: twin.kernel.requests - 1)
        machine.kernel.refuses = {
            Self.isRemoval($0, "10.0.0.20") || Self.isRemoval($0, "10.0.0.22")
        }
        let outcome = try machine.apply(Self.text)
        guard case .stuck(.refused, let left) = outcome.result else {
            Issue.record("\(outcome.result)")
            return
        }
        let addresses = left.filter { Self.isRemoval($0.change.action, "10.0.0.20") }
        #expect(addresses.count == 1)
        #expect(left.count { Self.isRemoval($0.change.action, "10.0.0.22") } == 1)
        #expect(
            left.allSatisfy {
                $0.change.object.kind != "address" || $0.error?.errno == .permissionDenied
            })
        #expect(!machine.state.addresses.contains { $0.address == IPAddress("10.0.0.21") })
        #expect(!machine.state.rules.contains { $0.priority == 20001 })

        machine.kernel.refuses = { _ in false }
        guard case .applied = try machine.apply(Self.text).result,
            case .applied = try machine.teardown().result
        else {
            Issue.record("the next runs do not mend it")
            return
        }
        #expect(Snapshot(machine.state) == Snapshot(.twoNICs))
    }
}
