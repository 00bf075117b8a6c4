import Netlink
import Plist
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

    // MARK: Foreign routes

    static let noAddress = file("")
    static let far = IPPrefix(HostGenerator.ipv4(0x0700, 0), length: 16)

    static func disturbed(_ routes: KernelObject...) throws -> Machine {
        let (machine, _) = try configured()
        for route in routes { try machine.kernel.disturb(.add(route)) }
        return machine
    }

    /// The notes of a plan about eth1's routes that are not ours, in its order.
    private func notes(_ plan: Plan) -> [String] {
        plan.changes.filter { $0.object.isForeignRoute }.map { $0.note ?? "" }
    }

    @Test("a foreign route in our table that nothing leads to any more goes with it, and is told")
    func unreachable() throws {
        let route = Self.route(Self.far, via: HostGenerator.ipv4(0, 2), table: 1001)
        for text in [nil, Self.noAddress] {
            let machine = try Self.disturbed(route)
            let outcome = try text.map { try machine.apply($0) } ?? machine.teardown()
            #expect(outcome.failure == nil)
            #expect(notes(outcome.plan) == ["foreign, goes with 10.0.0.20"])
        }
    }

    @Test("a gateway's own route is put back before the route that names it")
    func order() throws {
        let gateway = HostGenerator.ipv4(55, 1)
        for table in [RouteTable.main, 300] {
            let named = Self.route(Self.far, via: gateway, table: table, metric: 7)
            let own = Self.route(.host(gateway), table: table)
            let machine = try Self.disturbed(own, named)
            let outcome = try machine.apply(Self.noAddress)
            #expect(outcome.failure == nil)
            #expect(
                notes(outcome.plan).sorted()
                    == Array(repeating: "foreign, goes with 10.0.0.20", count: 2)
                    + Array(repeating: "foreign, put back", count: 2))
            let there = machine.state.routes.map { KernelObject.route($0) }
            #expect(there.contains(own) && there.contains(named))
        }
    }

    @Test("a foreign default of any table needs force, and is told once", arguments: [300, 254])
    func defaultRoute(table: UInt32) throws {
        let machine = try Self.disturbed(
            Self.route(.default(.ipv4), via: HostGenerator.ipv4(0, 2), table: table, metric: 700))
        let plan = try machine.preview(Self.noAddress).plan
        #expect(plan.conflicts.count == 1)
        #expect(plan.conflicts.first?.message.contains("--force") == true)
        let forced = try machine.apply(Self.noAddress, options: .init(force: true))
        #expect(forced.failure == nil)
        #expect(notes(forced.plan) == ["foreign, goes with 10.0.0.20"])
    }

    @Test("what goes with an address and then with its link is told once")
    func linkGoesDown() throws {
        var state = try Self.host()
        try state.make(.add(.link(LinkSetting(interface: Self.eth1, .up(false)))))
        let machine = try Machine(state)
        try #require(try machine.apply(Self.oneAddress).failure == nil)
        try machine.kernel.disturb(.add(Self.route(Self.far, via: HostGenerator.ipv4(0, 2))))
        let outcome = try machine.teardown()
        #expect(outcome.failure == nil)
        #expect(notes(outcome.plan) == ["foreign, goes with 10.0.0.20"])
        #expect(!machine.state.links.contains { $0.index == Self.eth1 && $0.isUp })
    }

    @Test("a link with a route that needs nothing of ours stays up")
    func linkStaysUp() throws {
        var state = try Self.host()
        try state.make(.add(.link(LinkSetting(interface: Self.eth1, .up(false)))))
        let machine = try Machine(state)
        try #require(try machine.apply(Self.oneAddress).failure == nil)
        let route = Self.route(.host(HostGenerator.ipv4(7, 7)))
        try machine.kernel.disturb(.add(route))
        let outcome = try machine.teardown()
        #expect(outcome.failure == nil)
        #expect(notes(outcome.plan) == ["foreign, goes with 10.0.0.20", "foreign, put back"])
        #expect(outcome.warnings.contains { $0.message.contains("holds routes of others") })
        #expect(machine.state.links.contains { $0.index == Self.eth1 && $0.isUp })
        #expect(machine.state.routes.map { KernelObject.route($0) }.contains(route))
    }

    @Test("killed at any change, foreign routes are put back by whoever comes next")
    func crash() throws {
        let gateway = HostGenerator.ipv4(55, 1)
        let own = Self.route(.host(gateway))
        let named = Self.route(Self.far, via: gateway, metric: 7)
        let whole = try Self.disturbed(own, named)
        let first = whole.kernel.requests
        try #require(try whole.apply(Self.noAddress).failure == nil)
        for request in first..<whole.kernel.requests {
            let machine = try Self.disturbed(own, named)
            machine.kernel.fault = .crash(at: request)
            _ = try? machine.apply(Self.noAddress)
            machine.restart()
            #expect(try machine.apply(Self.noAddress).failure == nil, "change \(request)")
            let there = machine.state.routes.map { KernelObject.route($0) }
            #expect(there.contains(own) && there.contains(named), "change \(request)")
        }
    }

    // MARK: Our own routes

    static let routesInMain = file(
        """
        Routes = ( { Destination = "10.72.0.0/16"; Gateway = "10.0.1.241"; GatewayOnLink = YES;
            Table = main; }, { Destination = "10.73.0.0/16"; Table = main; } );
        """)

    @Test("routes that the file wants there are made when it is gone")
    func ownRoutes() throws {
        let fresh = try Machine(try Self.host())
        try #require(try fresh.apply(Self.routesInMain).failure == nil)
        let (machine, before) = try Self.configured()
        #expect(try machine.apply(Self.routesInMain).failure == nil)
        #expect(Snapshot(fresh.state).routes == Snapshot(machine.state).routes)
        #expect(try machine.preview(Self.routesInMain).plan.isEmpty)
        #expect(try machine.teardown().failure == nil)
        #expect(before.differences(from: Snapshot(machine.state)) == [])
    }

    @Test("a route of ours whose source changes with it is changed once")
    func otherSource() throws {
        func text(_ host: Int) -> String {
            Self.file(
                """
                Addresses = ( "10.0.0.\(host)/24" ); Gateway = "10.0.0.253"; Routes = (
                    { Destination = "10.7.0.0/16"; PreferredSource = "10.0.0.\(host)";
                        Table = main; } );
                """)
        }
        let machine = try Machine(try Self.host())
        try #require(try machine.apply(text(20)).failure == nil)
        #expect(try machine.apply(text(30)).failure == nil)
        #expect(
            machine.state.routes.first { $0.destination == Self.far }?.preferredSource
                == HostGenerator.ipv4(0, 30))
    }
}

extension KernelObject {
    fileprivate var isForeignRoute: Bool {
        if case .route(let route) = self { route.protocol == .boot } else { false }
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
