import Netlink

/// What makes two touched objects the same one: a rule with its mark, anything else by identity.
struct TouchedKey: Hashable {
    var identity: KernelObject.Identity
    var mark: RouteProtocol?

    init(_ object: KernelObject) {
        identity = object.identity
        if case .rule(let rule) = object { mark = rule.protocol }
    }
}

extension KernelState {
    /// The objects here that the changes are about.
    func objects(like changes: [Change]) -> [TouchedKey: KernelObject] {
        let keys = Set(changes.map { TouchedKey($0.object) })
        var found: [TouchedKey: KernelObject] = [:]
        func keep(_ object: KernelObject) {
            let key = TouchedKey(object)
            if keys.contains(key) { found[key] = found[key] ?? object }
        }
        for address in addresses { keep(.address(address)) }
        for route in routes { keep(.route(route)) }
        for rule in rules { keep(.rule(rule)) }
        for link in links {
            keep(.link(LinkSetting(interface: link.index, .mtu(link.mtu))))
            keep(.link(LinkSetting(interface: link.index, .group(link.group))))
            keep(.link(LinkSetting(interface: link.index, .up(link.isUp))))
        }
        for case .sysctl(let setting) in changes.map(\.object) {
            guard let value = sysctls[setting.name] else { continue }
            keep(
                .sysctl(
                    SysctlSetting(
                        name: setting.name, value: value, interface: setting.interface)))
        }
        return found
    }
}

extension KernelObject {
    /// What it needs to be there: with an interface that went away its objects are gone for good.
    var interfaces: Set<InterfaceIndex> {
        switch self {
        case .link(let setting): [setting.interface]
        case .address(let address): [address.interface]
        case .route(let route): Set(route.nextHops.compactMap(\.interface))
        case .sysctl(let setting): setting.interface.map { [$0] } ?? []
        case .channels(let setting): [setting.interface]
        case .steering(let setting): [setting.interface]
        case .rule: []
        }
    }

    var isOfQueues: Bool {
        switch self {
        case .channels, .steering: true
        case .link, .address, .route, .rule, .sysctl: false
        }
    }

    /// Whether it is as it was, lifetimes and the state of links apart.
    func isRestored(as was: KernelObject) -> Bool {
        switch (self, was) {
        case (.address(let a), .address(let b)):
            return a.isSatisfied(by: b, comparingMark: true)
        case (.route(let a), .route(let b)):
            return a.protocol == b.protocol && a.isEqual(to: b)
        default:
            return hasSameSetting(as: was)
        }
    }
}
