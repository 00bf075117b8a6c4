import Netlink
import Testing

@testable import DataPlane

/// The kernel takes an interface's IPv4 routes with its last IPv4 address.
@Suite("The last IPv4 address of an interface goes")
struct LastAddressTests {
    /// eth0 up with an address and a default, eth1 as the machine came.
    static func host() throws -> KernelState {
        var state = OperationGenerator.emptyHost(interfaces: 2)
        for name in ["all"] + state.links.map(\.name) {
            for key in ["rp_filter", "arp_ignore", "arp_announce"] {
                state.sysctls[.interface(name, "ipv4", key)] = "0"
            }
        }
        for link in state.links {
            try state.make(.add(.link(LinkSetting(interface: link.index, .up(true)))))
        }
        try state.make(
            .add(
                .address(
                    InterfaceAddress(
                        interface: eth0, address: HostGenerator.ipv4(0, 19), prefixLength: 24))))
        try state.make(.add(route(.default(.ipv4), via: HostGenerator.ipv4(0, 253), eth0)))
        return state
    }

    static let eth0: InterfaceIndex = 10
    static let eth1: InterfaceIndex = 11

    static func route(
        _ destination: IPPrefix, via gateway: IPAddress? = nil, _ interface: InterfaceIndex = eth1,
        table: UInt32 = RouteTable.main, metric: UInt32 = 0, isOnLink: Bool = false
    ) -> KernelObject {
        .route(
            Route(
                destination: destination, table: table, scope: gateway == nil ? .link : .global,
                protocol: .boot, metric: metric,
                nextHops: [NextHop(interface: interface, gateway: gateway, isOnLink: isOnLink)]))
    }

    /// eth0 as it is, and this entry for eth1.
    static func file(_ eth1: String) -> String {
        "{ Version = 1; Interfaces = ( { Name = eth0; Primary = YES; Addressing = external; }, "
            + "{ Name = eth1; Table = 1001; \(eth1) } ); }"
    }

    static let oneAddress = file(#"Addresses = ( "10.0.0.20/24" ); Gateway = "10.0.0.253";"#)

    /// A host with one address on eth1, and what it was before.
    static func configured() throws -> (machine: Machine, before: Snapshot) {
        let state = try host()
        let machine = try Machine(state)
        try #require(try machine.apply(oneAddress).failure == nil)
        return (machine, Snapshot(state))
    }

    @Test("although somebody has erased its mark")
    func unmarked() throws {
        let (machine, before) = try Self.configured()
        let address = try #require(machine.state.addresses(.ipv4, on: Self.eth1).first)
        var changed = address
        changed.protocol = 0
        try machine.kernel.disturb(.replace(.address(address), with: .address(changed)))
        #expect(try machine.teardown().failure == nil)
        #expect(before.differences(from: Snapshot(machine.state)) == [])
    }
}

extension Outcome {
    /// nil: applied, or nothing to do.
    var failure: String? {
        switch result {
        case .applied, .unchanged: nil
        case .undone, .stuck: "\(result)"
        }
    }
}
