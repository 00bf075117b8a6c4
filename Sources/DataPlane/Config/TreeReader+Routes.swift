import Netlink
import Plist

extension TreeReader {
    mutating func routes(_ node: PlistNode) -> [RouteDraft] {
        (array(node, "'Routes'") ?? []).compactMap { route($0) }
    }

    /// The route, unless something is wrong with it.
    private mutating func route(_ node: PlistNode) -> RouteDraft? {
        let problems = errorCount
        guard let entries = entries(of: node, "an entry of 'Routes'", RouteKey.self) else {
            return nil
        }
        var parts = RouteParts(at: node.location)
        for entry in entries { read(entry, into: &parts) }
        guard errorCount == problems, !node.isDamaged else { return nil }
        guard let destination = destination(parts, at: node.location) else { return nil }
        var draft = parts.draft
        draft.config.destination = destination
        check(parts, destination, at: node.location)
        return errorCount == problems ? draft : nil
    }

    /// A route with the places of its parts.
    private struct RouteParts {
        /// Its destination is a placeholder until `destination` is known to be sound.
        var draft: RouteDraft
        var destination: Located<Destination>?
        var keys: [RouteKey: SourceLocation] = [:]

        enum Destination: Hashable {
            case `default`
            case prefix(IPPrefix)
        }

        init(at location: SourceLocation) {
            draft = RouteDraft(
                config: RouteConfig(destination: .default(.ipv4), location: location))
        }
    }

    private mutating func read(_ entry: Entry<RouteKey>, into parts: inout RouteParts) {
        let location = entry.value.location
        parts.keys[entry.key] = location
        switch entry.key {
        case .destination:
            if case .string("default") = entry.value.content {
                parts.destination = Located(.default, at: location)
            } else if let prefix = prefix(entry) {
                parts.destination = Located(.prefix(prefix), at: location)
            }
        case .gateway:
            parts.draft.gatewayLocation = location
            parts.draft.config.gateway = string(entry.value, "'Gateway'").flatMap {
                gatewayAddress($0, entry.value)
            }
        case .gatewayOnLink: parts.draft.config.gatewayOnLink = boolean(entry) ?? false
        case .metric: parts.draft.config.metric = number(entry, 0...UInt32.max)
        case .preferredSource:
            parts.draft.config.preferredSource = string(entry.value, "'PreferredSource'").flatMap {
                gatewayAddress($0, entry.value)
            }
        case .scope:
            parts.draft.config.scope = choice(
                entry, ["global": RouteScope.global, "link": .link, "host": .host])
        case .type:
            parts.draft.config.type =
                choice(
                    entry,
                    [
                        "unicast": RouteType.unicast, "blackhole": .blackhole,
                        "unreachable": .unreachable, "prohibit": .prohibit, "throw": .throw,
                    ]) ?? .unicast
        // The kernel makes 65520 of more (ip_metrics_convert, net/ipv4/metrics.c).
        case .mtu: parts.draft.config.mtu = number(entry, 68...65520)
        case .table:
            if case .string("main") = entry.value.content {
                parts.draft.config.table = RouteTable.main
            } else {
                parts.draft.config.table = tableNumber(entry, or: ["main"])
            }
        case .nextHops:
            for hop in array(entry.value, "'NextHops'") ?? [] {
                guard let config = nextHop(hop) else { continue }
                parts.draft.config.nextHops.append(config)
                parts.draft.hopLocations.append(hop.location)
            }
            if case .array([]) = entry.value.content, !entry.value.isDamaged {
                error("'NextHops' is empty", at: location)
            }
        }
    }

    private mutating func nextHop(_ node: PlistNode) -> RouteConfig.Hop? {
        guard let entries = entries(of: node, "an entry of 'NextHops'", NextHopKey.self) else {
            return nil
        }
        var hop = RouteConfig.Hop(gateway: nil)
        for entry in entries {
            switch entry.key {
            case .gateway:
                hop.gateway = string(entry.value, "'Gateway'").flatMap {
                    gatewayAddress($0, entry.value)
                }
            case .interface:
                hop.interface = interfaceName(entry.value, "'Interface'", isManaged: true).map {
                    Located($0, at: entry.value.location)
                }
            case .weight: hop.weight = number(entry, 1...256) ?? 1
            }
        }
        if !node.isDamaged, !entries.contains(where: { $0.key != .weight }) {
            error("a next hop needs a Gateway or an Interface", at: node.location)
        }
        return hop
    }

    /// `default` takes its family from the gateway.
    private mutating func destination(
        _ parts: RouteParts, at location: SourceLocation
    ) -> IPPrefix? {
        guard let destination = parts.destination else {
            error("a route needs a Destination", at: location)
            return nil
        }
        if case .prefix(let prefix) = destination.value { return prefix }
        let route = parts.draft.config
        let gateway = route.gateway ?? route.nextHops.lazy.compactMap(\.gateway).first
        guard let gateway else {
            error(
                "'default' takes its family from Gateway; without one write 0.0.0.0/0 or ::/0",
                at: destination.location)
            return nil
        }
        return .default(gateway.family)
    }

    /// What the parts of a route must be to each other.
    private mutating func check(
        _ parts: RouteParts, _ destination: IPPrefix, at location: SourceLocation
    ) {
        let route = parts.draft.config
        func place(_ key: RouteKey) -> SourceLocation { parts.keys[key] ?? location }
        let family = destination.family
        if let gateway = route.gateway, gateway.family != family {
            error(
                "an \(gateway.family) gateway for the \(family) destination \(destination)",
                at: place(.gateway))
        }
        if let source = route.preferredSource, source.family != family {
            error(
                "an \(source.family) source for the \(family) destination \(destination)",
                at: place(.preferredSource))
        }
        for (hop, location) in zip(route.nextHops, parts.draft.hopLocations) {
            if let gateway = hop.gateway, gateway.family != family {
                error(
                    "an \(gateway.family) gateway for the \(family) destination \(destination)",
                    at: location)
            }
        }
        if family == .ipv6, route.nextHops.count > 1 { checkIPv6Hops(parts.draft) }
        if route.gateway != nil, !route.nextHops.isEmpty {
            error("'NextHops' and 'Gateway' exclude each other", at: place(.nextHops))
        }
        if route.type != .unicast {
            for key in [RouteKey.gateway, .nextHops, .gatewayOnLink] {
                guard let location = parts.keys[key] else { continue }
                error("a route of this Type has no way out, so no \(key.rawValue)", at: location)
            }
        } else if route.gatewayOnLink, route.gateway == nil,
            route.nextHops.allSatisfy({ $0.gateway == nil })
        {
            error("'GatewayOnLink' needs a Gateway", at: place(.gatewayOnLink))
        }
        if let scope = parts.keys[.scope], family == .ipv6 {
            error("'Scope' exists for IPv4 only", at: scope)
        }
        if let mtu = route.mtu, mtu < 1280, family == .ipv6 {
            error("'MTU' of an IPv6 route must be at least 1280, not \(mtu)", at: place(.mtu))
        }
    }

    /// What the kernel asks of IPv6 alone.
    private mutating func checkIPv6Hops(_ route: RouteDraft) {
        var seen: [[String?]: SourceLocation] = [:]
        for (hop, location) in zip(route.config.nextHops, route.hopLocations) {
            if hop.gateway == nil {
                error("each next hop of an IPv6 route with several needs a Gateway", at: location)
            }
            let key = [hop.gateway.map { "\($0)" }, hop.interface?.value]
            if let first = seen.updateValue(location, forKey: key) {
                error(
                    "this is the next hop of \(first.place(from: location)) again; "
                        + "write a larger Weight", at: location)
            }
        }
    }

    /// A block without host bits; an address alone is a block of one.
    mutating func prefix<Key>(_ entry: Entry<Key>) -> IPPrefix? {
        guard let text = string(entry.value, "'\(entry.name)'") else { return nil }
        guard let (address, length) = IPPrefix.parse(text) else {
            error(
                "\(Diagnostic.quote(text)) is not a prefix such as 10.8.0.0/16",
                at: entry.value.location)
            return nil
        }
        let prefix = IPPrefix(address, length: length)
        guard prefix.address == address else {
            error(
                "\(Diagnostic.quote(text)) has host bits set; did you mean '\(prefix)'?",
                at: entry.value.location)
            return nil
        }
        return prefix
    }
}
