import Netlink
import RPSTuner

@testable import DataPlane

/// The model's own iproute2: commands to give, and lines to expect.
struct IPRoute2 {
    let names: InterfaceNames

    init(_ state: KernelState) { names = InterfaceNames(of: state.links) }

    private func name(_ index: InterfaceIndex?) -> String { index.map(names.name) ?? "" }

    func command(_ action: Change.Action) -> String {
        switch action {
        case .add(let object): command("add", object)
        case .remove(let object): command("del", object)
        case .replace(_, with: let object): command("replace", object)
        }
    }

    private func command(_ verb: String, _ object: KernelObject) -> String {
        switch object {
        case .address(let address):
            return "ip address \(verb) \(address.address)/\(address.prefixLength)"
                + " dev \(name(address.interface))"
                + (address.metric > 0 && verb != "del" ? " metric \(address.metric)" : "")
                + (address.flags.contains(.noPrefixRoute) && verb != "del" ? " noprefixroute" : "")
                + (address.preferredLifetime == 0 && verb != "del"
                    ? " valid_lft forever preferred_lft 0" : "")
        case .route(let route):
            return "ip \(option(route.family)) route \(verb) "
                + words(route, asCommand: true).joined(separator: " ")
        case .rule(let rule):
            let words = words(rule, mark: "fwmark \(rule.firewallMark ?? 0)")
            return "ip \(option(rule.family)) rule \(verb) priority \(rule.priority) "
                + words.joined(separator: " ")
        case .link(let setting):
            let value =
                switch setting.value {
                case .mtu(let mtu): "mtu \(mtu)"
                case .group(let group): "group \(group)"
                case .up(let isUp): isUp ? "up" : "down"
                }
            return "ip link set \(name(setting.interface)) \(value)"
        case .sysctl(let setting):
            return "sysctl -qw \(setting.name)=\(setting.value)"
        case .channels(let setting):
            return "ethtool -L \(name(setting.interface)) \(setting.counts.words.text)"
        case .steering(let setting):
            return "\(name(setting.interface)) \(setting.file.name) \(setting.value.text)"
        }
    }

    func command(_ packet: Packet) -> String {
        "ip -o route get \(packet.destination)"
            + (packet.source.map { " from \($0)" } ?? "")
            + (packet.incoming.map { " iif \(name($0))" } ?? "")
            + (packet.device.map { " oif \(name($0))" } ?? "")
            + (packet.mark == 0 ? "" : " mark \(packet.mark)")
    }

    private func option(_ family: AddressFamily) -> String { family == .ipv4 ? "-4" : "-6" }

    /// A line of `ip -o route show table all`, its words sorted.
    func line(_ route: Route) -> String { words(route, asCommand: false).sortedLine }

    private func words(_ route: Route, asCommand: Bool) -> [String] {
        let types: [RouteType: String] = [
            .unreachable: "unreachable", .blackhole: "blackhole", .prohibit: "prohibit",
            .throw: "throw",
        ]
        let destination =
            route.destination.isDefault
            ? "default"
            : route.destination.isHost
                ? "\(route.destination.address)" : "\(route.destination)"
        var words = [types[route.type], destination].compactMap { $0 }
        if route.table != RouteTable.main { words.append("table \(route.table)") }
        if route.protocol == .kernel { words.append("proto kernel") }
        if route.scope == .link { words.append("scope link") }
        if let source = route.preferredSource { words.append("src \(source)") }
        if route.metric > 0 { words.append("metric \(route.metric)") }
        for hop in route.nextHops {
            if route.nextHops.count > 1 { words.append("nexthop") }
            if let gateway = hop.gateway { words.append("via \(gateway)") }
            if hop.interface != nil { words.append("dev \(name(hop.interface))") }
            if route.nextHops.count > 1 { words.append("weight 1") }
            if hop.isOnLink { words.append("onlink") }
            if hop.isDead && !asCommand { words.append("dead linkdown") }
        }
        return words
    }

    /// A line of `ip rule show`, without its priority and mark.
    func line(_ rule: Rule) -> String {
        var mark = "fwmark 0x\(String(rule.firewallMark ?? 0, radix: 16))"
        if let mask = rule.firewallMask, mask != .max { mark += "/0x\(String(mask, radix: 16))" }
        let words = words(rule, mark: mark).flatMap { $0.split(separator: " ") }.map(String.init)
        let bare = words.enumerated().filter { index, word in
            word != "protocol" && (index == 0 || words[index - 1] != "protocol")
        }.map(\.element)
        return (["\(rule.priority):"] + bare).sortedLine
    }

    private func words(_ rule: Rule, mark: String) -> [String] {
        var words = rule.isInverted ? ["not"] : []
        func host(_ prefix: IPPrefix) -> String {
            prefix.isHost ? "\(prefix.address)" : "\(prefix)"
        }
        words.append("from " + (rule.source.map(host) ?? "all"))
        if let prefix = rule.destination { words.append("to " + host(prefix)) }
        if rule.firewallMark != nil {
            let mask = rule.firewallMask.map { $0 == .max ? "" : "/0x\(String($0, radix: 16))" }
            words.append(mark.contains("0x") ? mark : mark + (mask ?? ""))
        }
        if let name = rule.incomingInterface { words.append("iif \(name)") }
        if let name = rule.outgoingInterface { words.append("oif \(name)") }
        switch rule.action {
        case .unreachable: words.append("unreachable")
        case .blackhole: words.append("blackhole")
        case .prohibit: words.append("prohibit")
        default:
            let tables = [RouteTable.local: "local", RouteTable.main: "main", 253: "default"]
            words.append("lookup \(tables[rule.table] ?? "\(rule.table)")")
        }
        if let length = rule.suppressPrefixLength {
            words.append("suppress_prefixlength \(length)")
        }
        if let group = rule.suppressInterfaceGroup { words.append("suppress_ifgroup \(group)") }
        words.append("protocol \(rule.protocol.rawValue)")
        return words
    }
}

extension [String] {
    /// One order for the words of a line, whoever wrote it.
    var sortedLine: String {
        flatMap { $0.split(whereSeparator: \.isWhitespace) }.sorted().joined(separator: " ")
    }
}
