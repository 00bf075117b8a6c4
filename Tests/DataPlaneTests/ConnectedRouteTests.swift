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
        let machine = try Machine(.oneNIC)
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
