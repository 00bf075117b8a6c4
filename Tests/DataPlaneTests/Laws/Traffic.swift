import Netlink

@testable import DataPlane

/// The packets by which a host's paths are judged.
struct Traffic {
    /// What they are sent to: the internet, every subnet, containers, pods, tunnels, metadata.
    static let destinations: [IPAddress] =
        [
            "8.8.8.8", "10.77.0.5", "10.8.1.5", "172.17.0.9", "10.0.0.200", "10.99.0.9",
            "169.254.169.254", "2600::8",
        ].compactMap { IPAddress($0) }
        + (0...4).flatMap { [HostGenerator.ipv4($0, 77), HostGenerator.ipv6($0, 0x77)] }
        + [HostGenerator.ipv4(101, 77), HostGenerator.ipv4(151, 77)]

    struct Flow: Hashable {
        enum Kind: Hashable {
            /// From an address of the host, on this interface: `connect`'s second lookup, replies.
            case own(IPAddress, InterfaceIndex)
            /// Both lookups of an unbound `connect`.
            case unbound
            /// A guest's, by the interface it comes in.
            case forwarded(IPAddress, InterfaceIndex)
        }
        var kind: Kind
        var destination: IPAddress

        func description(_ names: InterfaceNames) -> String {
            switch kind {
            case .own(let source, let interface):
                "\(source) of \(names.name(of: interface)) to \(destination)"
            case .unbound: "unbound to \(destination)"
            case .forwarded(let source, let interface):
                "\(source) from \(names.name(of: interface)) to \(destination)"
            }
        }
    }

    enum Path: Hashable {
        case one(Fate)
        case connection(Connection)

        func description(_ names: InterfaceNames) -> String {
            func text(_ fate: Fate) -> String {
                guard case .out(let exits) = fate else { return "\(fate)" }
                return exits.map { exit in
                    names.name(of: exit.interface) + (exit.gateway.map { " via \($0)" } ?? "")
                }.sorted().joined(separator: " or ")
            }
            return switch self {
            case .one(let fate): text(fate)
            case .connection(let both):
                "\(text(both.unbound)), as \(both.source.map { "\($0)" } ?? "-") "
                    + text(both.bound)
            }
        }

        var isLocal: Bool {
            switch self {
            case .one(let outcome): outcome == .local
            case .connection(let connection): connection.unbound == .local
            }
        }

        var isRejected: Bool {
            if case .one(.rejected) = self { true } else { false }
        }
    }

    /// The global addresses that an interface holds.
    static func addresses(_ state: KernelState) -> [InterfaceAddress] {
        state.addresses.filter { !$0.address.isLinkLocal && !$0.address.isLoopback }
    }

    /// The flows of a state whose addresses are there in another one, too.
    static func flows(_ state: KernelState, keptIn other: KernelState) -> [Flow] {
        var flows: [Flow] = []
        // Whose path is an address's that two interfaces hold?
        let here = Dictionary(grouping: addresses(state), by: \.address)
        let there = Dictionary(grouping: addresses(other), by: \.address)
        let bridged = IPAddress(family: .ipv4, bits: 0xAC11_0005)
        let pod = HostGenerator.ipv4(0, 200)
        let guests: [(IPAddress, InterfaceIndex)] = [(bridged, 50), (pod, 60), (pod, 10)]
        for destination in destinations where !state.isLocal(destination) {
            for address in addresses(state)
            where address.family == destination.family
                && here[address.address]?.count == 1
                && there[address.address]?.map(\.interface) == [address.interface]
            {
                flows.append(
                    Flow(kind: .own(address.address, address.interface), destination: destination))
            }
            // An address that gets another length is away for a moment, and with it its subnet.
            let source = state.connect(to: destination).source
            let isKept = source.map { source in
                there[source].map { $0.map(\.prefixLength) == here[source]?.map(\.prefixLength) }
                    ?? true
            }
            if isKept ?? true {
                flows.append(Flow(kind: .unbound, destination: destination))
            }
            for (guest, interface) in guests
            where guest != destination && state.link(interface) != nil {
                guard destination.family == .ipv4 else { continue }
                flows.append(Flow(kind: .forwarded(guest, interface), destination: destination))
            }
        }
        return flows
    }

    static func path(_ flow: Flow, in state: KernelState) -> Path {
        switch flow.kind {
        case .own(let source, _):
            .one(state.lookup(Packet(to: flow.destination, from: source)))
        case .unbound:
            .connection(state.connection(to: flow.destination))
        case .forwarded(let source, let interface):
            .one(state.lookup(Packet(to: flow.destination, from: source, incoming: interface)))
        }
    }
}

extension KernelState {
    /// A source that was chosen without a route to begin from says nothing.
    fileprivate func connection(to destination: IPAddress) -> Connection {
        var connection = connect(to: destination)
        if case .rejected = connection.unbound { connection.source = nil }
        return connection
    }
}
