import Netlink

@testable import DataPlane

/// What `connect` of an unbound socket comes to.
struct Connection: Hashable {
    /// The source that the kernel chose; nil where it found none.
    var source: IPAddress?
    /// The lookup without a source.
    var unbound: Fate
    /// The lookup with the chosen one. IPv4 sends by it at once; IPv6 keeps the first answer
    /// (ip6_dst_lookup_tail) until the route is looked up anew.
    var bound: Fate
}

extension KernelState {
    /// Both lookups of a `connect`.
    func connect(to destination: IPAddress, mark: UInt32 = 0) -> Connection {
        let packet = Packet(to: destination, mark: mark)
        let (outcome, match) = resolve(packet)
        if outcome == .local {
            return Connection(source: destination, unbound: .local, bound: .local)
        }
        let source = source(for: destination, by: match)
        guard let source else { return Connection(source: nil, unbound: outcome, bound: outcome) }
        var second = packet
        second.source = source
        return Connection(source: source, unbound: outcome, bound: lookup(second))
    }

    private func source(for destination: IPAddress, by match: Match?) -> IPAddress? {
        if let preferred = match?.route.preferredSource, match?.rejection == nil {
            return preferred
        }
        let hop = match?.hops.first
        switch destination.family {
        case .ipv4:
            guard let match, let hop, let interface = hop.interface else { return nil }
            return selectIPv4(on: interface, towards: hop.gateway, scope: match.route.scope)
        case .ipv6:
            return selectIPv6(for: destination, leaving: hop?.interface)
        }
    }

    /// inet_select_addr: the first primary of the gateway's subnet, else the first primary.
    private func selectIPv4(
        on interface: InterfaceIndex, towards gateway: IPAddress?, scope: RouteScope
    ) -> IPAddress? {
        func primaries(_ interface: InterfaceIndex) -> [InterfaceAddress] {
            addresses(.ipv4, on: interface).filter {
                !$0.flags.contains(.secondary) && $0.scope.rawValue <= scope.rawValue
            }
        }
        let own = primaries(interface)
        if let address = own.first(where: { a in gateway.map(a.subnet.contains) ?? true })
            ?? own.first
        {
            return address.address
        }
        return links.lazy.flatMap { primaries($0.index) }.first { $0.scope != .link }?.address
    }

    /// ipv6_dev_get_saddr (RFC 6724): the outgoing interface's addresses are asked first, and of
    /// equals the first one wins.
    private func selectIPv6(for destination: IPAddress, leaving interface: InterfaceIndex?)
        -> IPAddress?
    {
        let order = links.filter { $0.index == interface } + links.filter { $0.index != interface }
        let candidates = order.flatMap { addresses(.ipv6, on: $0.index) }.filter { candidate in
            !candidate.flags.contains(.tentative)
                && (!destination.isLinkLocal || candidate.interface == interface)
        }
        var best: (address: IPAddress, score: [Int])?
        for candidate in candidates {
            let score = candidate.score(for: destination, leaving: interface)
            if let best, !best.score.lexicographicallyPrecedes(score) { continue }
            best = (candidate.address, score)
        }
        return best?.address
    }
}

extension InterfaceAddress {
    /// ipv6_get_saddr_eval: each rule in its turn, the higher the better.
    fileprivate func score(for destination: IPAddress, leaving interface: InterfaceIndex?) -> [Int]
    {
        let difference = address.bits ^ destination.bits
        let scope = address.sourceScope
        return [
            address == destination ? 1 : 0,
            scope >= destination.sourceScope ? -scope : scope - 128,
            flags.contains(.deprecated) ? 0 : 1,
            interface == nil || interface == self.interface ? 1 : 0,
            address.label == destination.label ? 1 : 0,
            min(difference.leadingZeroBitCount, Int(prefixLength)),
        ]
    }
}

extension IPAddress {
    /// `__ipv6_addr_src_scope`
    fileprivate var sourceScope: Int { isLinkLocal || isLoopback ? 2 : 14 }

    /// The default policy table (net/ipv6/addrlabel.c), as far as host addresses meet it.
    fileprivate var label: Int {
        if isLoopback { return 0 }
        if bits >> 121 == 0x7E { return 5 }
        if bits >> 112 == 0x2002 { return 2 }
        if bits >> 96 == 0x2001_0000 { return 6 }
        return 1
    }
}
