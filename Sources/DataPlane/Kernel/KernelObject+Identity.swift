public import Netlink
public import RPSTuner

extension KernelObject {
    /// What makes two objects the same one, so that the kernel cannot hold both.
    ///
    /// It is not "all fields": an address keeps its identity when its mark changes, a route when
    /// its gateway does. A rule is nothing but its fields; only its mark stays out.
    public enum Identity: Hashable, Sendable {
        case mtu(InterfaceIndex)
        case group(InterfaceIndex)
        case up(InterfaceIndex)
        case address(InterfaceAddress.Identity)
        /// fib_find_alias (IPv4) and fib6_add_rt2node (IPv6).
        case route(table: UInt32, IPPrefix, typeOfService: UInt8, metric: UInt32)
        /// An IPv6 connected route in main: each link of a subnet has its own, with one metric.
        case connectedRoute(InterfaceIndex, IPPrefix, metric: UInt32)
        /// Apart from the others, which dictionaries compare by the thousand: it is large.
        indirect case rule(Rule)
        case sysctl(SysctlName)
        case channels(InterfaceIndex)
        case steering(InterfaceIndex, QueueFile)
    }

    public var identity: Identity {
        switch self {
        case .link(let setting): setting.identity
        case .address(let address): .address(address.identity)
        case .route(let route): route.identity
        case .rule(let rule): rule.identity
        case .sysctl(let setting): .sysctl(setting.name)
        case .channels(let setting): .channels(setting.interface)
        case .steering(let setting): .steering(setting.interface, setting.file)
        }
    }
}

extension KernelObject.Identity {
    /// The few bytes in which the objects of one host differ; equality looks at all of them.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .mtu(let interface), .group(let interface), .up(let interface),
            .channels(let interface):
            hasher.combine(interface)
        case .address(let identity):
            hasher.combine(identity)
        case .route(let table, let destination, _, _):
            hasher.combine(table)
            hasher.combine(destination.address)
        case .connectedRoute(let interface, let destination, _):
            hasher.combine(interface)
            hasher.combine(destination.address)
        case .rule(let rule):
            hasher.combine(rule)
        case .sysctl(let name):
            hasher.combine(name)
        case .steering(let interface, let file):
            hasher.combine(interface)
            hasher.combine(file)
        }
    }
}

extension LinkSetting {
    public var identity: KernelObject.Identity {
        switch value {
        case .mtu: .mtu(interface)
        case .group: .group(interface)
        case .up: .up(interface)
        }
    }
}

extension InterfaceAddress {
    /// What tells it from the others of its host.
    public struct Identity: Hashable, Sendable {
        public var interface: InterfaceIndex
        public var address: IPAddress
        public var prefixLength: UInt8

        /// Few hosts have an address twice; equality looks at all.
        public func hash(into hasher: inout Hasher) { hasher.combine(address) }
    }

    public var identity: Identity {
        Identity(interface: interface, address: address, prefixLength: prefixLength)
    }
}

extension InterfaceAddress.Identity: Comparable {
    public static func < (a: Self, b: Self) -> Bool {
        (a.interface, a.address, a.prefixLength) < (b.interface, b.address, b.prefixLength)
    }
}

extension Route {
    public var identity: KernelObject.Identity {
        if isConnected, family == .ipv6, table == RouteTable.main, nextHops.count == 1,
            let interface = nextHops[0].interface
        {
            return .connectedRoute(interface, destination, metric: effectiveMetric)
        }
        return .route(
            table: table, destination, typeOfService: typeOfService, metric: effectiveMetric)
    }

    /// Whether packets take the same way: type and next hops, nothing else.
    func hasSamePath(as other: Route) -> Bool {
        func hops(_ route: Route) -> [NextHop] {
            route.nextHops.map {
                NextHop(interface: $0.interface, gateway: $0.gateway, weight: $0.weight)
            }
        }
        return type == other.type && hops(self) == hops(other)
    }

    /// Whether nothing but the mark and the state of its links tells them apart.
    func isEqual(to other: Route) -> Bool {
        func configuration(_ route: Route) -> Route {
            var route = route
            route.protocol = .unspecified
            route.metric = route.effectiveMetric
            route.flags = 0
            for index in route.nextHops.indices { route.nextHops[index].isDead = false }
            return route
        }
        return configuration(self) == configuration(other)
    }
}

extension Rule {
    public var identity: KernelObject.Identity { .rule(marked(.unspecified)) }

    /// The same rule under another mark.
    public func marked(_ protocol: RouteProtocol) -> Rule {
        var rule = self
        rule.protocol = `protocol`
        return rule
    }
}
