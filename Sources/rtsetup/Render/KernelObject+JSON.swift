import DataPlane
import Netlink
import RPSTuner

extension KernelObject {
    /// The keys and forms of `ip -j -d`.
    func json(names: InterfaceNames) -> JSON {
        switch self {
        case .link(let setting): setting.json
        case .address(let address): address.json(names: names)
        case .route(let route): route.json(names: names)
        case .rule(let rule): rule.json
        case .sysctl(let setting):
            .object(["name": .string("\(setting.name)"), "value": .string(setting.value)])
        case .channels(let setting): setting.json
        case .steering(let setting): setting.json
        }
    }
}

extension LinkSetting {
    fileprivate var json: JSON {
        switch value {
        case .mtu(let mtu): .object(["mtu": .number(mtu)])
        case .group(let group):
            .object(["group": .string(group == 0 ? "default" : String(group))])
        case .up(let isUp): .object(["up": .bool(isUp)])
        }
    }
}

extension ChannelSetting {
    /// As in `ethtool --json -l`.
    fileprivate var json: JSON {
        .object([
            "rx": counts.rx.map { .number($0) }, "tx": counts.tx.map { .number($0) },
            "combined": counts.combined.map { .number($0) },
        ])
    }
}

extension SteeringSetting {
    /// `queue` is the interrupt's name where the file is one's.
    fileprivate var json: JSON {
        let words = file.name.split(separator: " ").map { JSON.string(String($0)) }
        var members: [(key: String, value: JSON?)] = [
            ("queue", words.first), ("file", words.last),
        ]
        switch value {
        case .count(let count): members.append(("value", .number(count)))
        case .cpus(let cpus):
            members.append(("value", .string(valueText)))
            members.append(("cpus", .array(cpus.map { .number($0) })))
        }
        return .object(members)
    }
}

extension InterfaceAddress {
    /// As in `addr_info` of `ip -j address show`.
    fileprivate func json(names: InterfaceNames) -> JSON {
        var members: [(key: String, value: JSON)] = [
            ("family", .string(family.iproute2Name)), ("local", .string("\(address)")),
        ]
        if let peer { members.append(("address", .string("\(peer)"))) }
        members.append(("prefixlen", .number(prefixLength)))
        if metric != 0 { members.append(("metric", .number(metric))) }
        if let broadcast { members.append(("broadcast", .string("\(broadcast)"))) }
        members.append(("scope", .string(scope.description)))
        if `protocol` != 0 { members.append(("protocol", .string(String(`protocol`)))) }
        if flags.contains(.secondary) {
            members.append((family == .ipv4 ? "secondary" : "temporary", .bool(true)))
        }
        for (flag, name) in AddressFlags.shown where flags.contains(flag) {
            members.append((name, .bool(true)))
        }
        if validLifetime != Self.forever { members.append(("dynamic", .bool(true))) }
        if family == .ipv4 {
            members.append(("label", .string(label?.description ?? names.name(of: interface))))
        }
        members.append(("valid_life_time", .number(validLifetime)))
        members.append(("preferred_life_time", .number(preferredLifetime)))
        return .members(members)
    }
}

extension Route {
    fileprivate func json(names: InterfaceNames) -> JSON {
        let hop = nextHops.count == 1 ? nextHops.first : nil
        let isMultipath = nextHops.count > 1
        let shownMetric = effectiveMetric == 0 ? nil : JSON.number(effectiveMetric)
        return .object([
            "type": .string(type.description),
            "dst": .string(destination.routeText),
            "tos": typeOfService == 0 ? nil : .string(hex(typeOfService)),
            "gateway": hop?.gatewayJSON(family),
            "via": hop?.viaJSON(family),
            "dev": hop?.interface.map { .string(names.name(of: $0)) } ?? rejectingDevice,
            "table": .string(RouteTable.name(table)),
            "protocol": .string(`protocol`.description),
            "scope": .string(scope.description),
            "prefsrc": preferredSource.map { .string("\($0)") },
            "metric": shownMetric,
            "flags": hop?.flagsJSON ?? .array([]),
            "metrics": metrics.isEmpty ? nil : .array([.object(metrics.map(\.json))]),
            "pref": preference.map { .string($0) },
            "nexthops": isMultipath ? .array(nextHops.map { $0.json(family, names) }) : nil,
        ])
    }

    /// The kernel keeps IPv6 routes that reject on lo.
    private var rejectingDevice: JSON? {
        family == .ipv6 && isReject ? .string("lo") : nil
    }
}

extension NamedMetric {
    fileprivate var json: (key: String, value: JSON?) {
        switch value {
        case .number(let number): (key, .number(number))
        case .duration(let number, let parts): (key, .number(number / parts))
        case .features(let bits): bits == 1 ? ("ecn", .null) : (key, .string(hex(bits)))
        case .name(let name): ("congestion", .string(name))
        }
    }
}

extension NextHop {
    fileprivate func json(_ family: AddressFamily, _ names: InterfaceNames) -> JSON {
        .object([
            "gateway": gatewayJSON(family),
            "via": viaJSON(family),
            "dev": interface.map { .string(names.name(of: $0)) },
            "weight": .number(weight),
            "flags": flagsJSON,
        ])
    }

    fileprivate func gatewayJSON(_ family: AddressFamily) -> JSON? {
        gateway.flatMap { $0.family == family ? .string("\($0)") : nil }
    }

    /// A gateway of the other family.
    fileprivate func viaJSON(_ family: AddressFamily) -> JSON? {
        guard let gateway, gateway.family != family else { return nil }
        return .object([
            "family": .string(gateway.family.iproute2Name), "host": .string("\(gateway)"),
        ])
    }

    fileprivate var flagsJSON: JSON { .array(isOnLink ? [.string("onlink")] : []) }
}

extension Rule {
    fileprivate var json: JSON {
        let selectors = otherSelectors.flatMap(\.members)
        let isLookup = action == .lookup && !selectors.contains { $0.key == "l3mdev" }
        let isNamed = action != .lookup && action != .goto
        return .object(
            [
                ("priority", .number(priority)),
                ("not", isInverted ? .null : nil),
                ("src", .string(source.map { "\($0.address)" } ?? "all")),
                ("srclen", source?.lengthJSON),
                ("dst", destination.map { .string("\($0.address)") }),
                ("dstlen", destination?.lengthJSON),
                ("tos", typeOfService == 0 ? nil : .string(hex(typeOfService))),
                ("fwmark", firewallMark.map { .string($0 == 0 ? "0" : hex($0)) }),
                ("fwmask", firewallMask.flatMap { $0 == .max ? nil : .string(hex($0)) }),
                ("iif", incomingInterface.map { .string($0) }),
                ("oif", outgoingInterface.map { .string($0) }),
            ] + selectors + [
                ("table", isLookup ? .string(RouteTable.name(table)) : nil),
                ("suppress_prefixlen", suppressPrefixLength.map { .number($0) }),
                ("suppress_ifgroup", suppressInterfaceGroup.map { .string(String($0)) }),
                ("action", isNamed ? .string(action.description) : nil),
                ("protocol", .string(`protocol`.description)),
            ])
    }
}

extension Rule.OtherSelector {
    fileprivate var members: [(key: String, value: JSON?)] {
        switch self {
        case .l3mdev: [("l3mdev", .null)]
        case .users(let first, let last):
            [("uid_start", .number(first)), ("uid_end", .number(last))]
        case .ipProtocol(let number): [("ipproto", .string(ipProtocolName(number)))]
        case .sourcePorts(let first, let last): Self.ports("sport", first, last)
        case .destinationPorts(let first, let last): Self.ports("dport", first, last)
        case .target(let priority): [("goto", .number(priority))]
        }
    }

    private static func ports(
        _ key: String, _ first: UInt16, _ last: UInt16
    ) -> [(key: String, value: JSON?)] {
        first == last
            ? [(key, .number(first))]
            : [("\(key)_start", .number(first)), ("\(key)_end", .number(last))]
    }
}

extension IPPrefix {
    fileprivate var lengthJSON: JSON? { isHost ? nil : .number(length) }
}
