import Netlink
import Plist
import Testing

@testable import DataPlane

@Suite("Connected routes that main has lost") struct ConnectedRouteTests {
    private static let text = """
        { Version = 1; Interfaces = ( { Name = eth1; Table = 1001; Gateway = "10.0.0.253";
          Addresses = ( "10.0.0.20/24", "10.0.0.21/24", "10.0.0.22/24" ); } ); }
        """

    @Test("are told once, however many addresses the subnet has, and put back")
    func flushed() throws {
        let machine = try Machine(
            KernelState(
                links: [
                    Link(index: 1, name: "lo", flags: 0x9), Link(index: 5, name: "eth1", flags: 1),
                ],
                rules: [
                    Rule(family: .ipv4, priority: 32766, table: 254, protocol: .kernel),
                    Rule(family: .ipv4, priority: 32767, table: 253, protocol: .kernel),
                    Rule(family: .ipv6, priority: 32766, table: 254, protocol: .kernel),
                ],
                sysctls: [
                    .interface("all", "ipv4", "promote_secondaries"): "0",
                    .interface("eth1", "ipv4", "promote_secondaries"): "0",
                ]))
        #expect(try machine.apply(Self.text).isWhole)
        let route = try #require(machine.state.routes.first { $0.isConnected && $0.table == 254 })
        try machine.kernel.disturb(.remove(.route(route)))
        let preview = try machine.preview(Self.text)
        #expect(preview.warnings.count { $0.message.contains("lost the connected route") } == 1)
        #expect(preview.plan.changes.map(\.action) == [.add(.route(route))])
        #expect(try machine.apply(Self.text).isWhole)
        #expect(machine.state.routes.contains(route))
    }
}
