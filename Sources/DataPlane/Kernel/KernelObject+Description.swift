package import Netlink
import Plist

extension KernelObject {
    /// `link`, `address`, `route`, `rule`, `sysctl`, `channels` or `steering`.
    package var kind: String {
        switch self {
        case .link: "link"
        case .address: "address"
        case .route: "route"
        case .rule: "rule"
        case .sysctl: "sysctl"
        case .channels: "channels"
        case .steering: "steering"
        }
    }

    /// All that iproute2 says about it.
    ///
    /// - Parameter owner: the interface under whose heading it stands, which then goes unsaid.
    package func words(names: InterfaceNames, under owner: InterfaceIndex? = nil) -> [Word] {
        switch self {
        case .link(let setting): setting.words
        case .address(let address): address.words
        case .route(let route): route.words(names: names, under: owner)
        case .rule(let rule): rule.words
        case .sysctl(let setting): [.pair("\(setting.name)", setting.value)]
        case .channels(let setting): setting.counts.words
        case .steering(let setting): setting.words
        }
    }

    /// In iproute2's words, without its kind: `default via 10.0.0.253 table 1001`.
    package func description(names: InterfaceNames, under owner: InterfaceIndex? = nil) -> String {
        var text: [UInt8] = []
        write(to: &text, names: names, under: owner)
        return String(decoding: text, as: UTF8.self)
    }

    fileprivate func write(
        to text: inout [UInt8], names: InterfaceNames, under owner: InterfaceIndex?
    ) {
        // A rule begins with its priority, as in `ip rule show`.
        if case .rule(let rule) = self {
            text.append("\(rule.priority): ")
        }
        words(names: names, under: owner).write(to: &text)
        text.append(suffix)
    }

    /// Where no address tells the family, it is IPv4, as iproute2 has it, unless this is said.
    fileprivate var suffix: String {
        switch self {
        case .rule(let rule) where rule.source == nil && rule.destination == nil:
            rule.family == .ipv6 ? " (IPv6)" : ""
        case .route(let route)
        where route.destination.isDefault && route.nextHops.allSatisfy { $0.gateway == nil }:
            route.family == .ipv6 ? " (IPv6)" : ""
        default: ""
        }
    }

    /// `up` says all: it was down.
    fileprivate var isAdminState: Bool {
        if case .link(let setting) = self, case .up = setting.value { true } else { false }
    }
}

extension Change {
    /// In iproute2's words, without sign and kind: `mtu 1500 -> 9001`.
    package func description(names: InterfaceNames, under owner: InterfaceIndex? = nil) -> String {
        var text: [UInt8] = []
        write(to: &text, names: names, under: owner)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends the description.
    package func write(
        to text: inout [UInt8], names: InterfaceNames, under owner: InterfaceIndex?
    ) {
        switch action {
        case .replace(let old, with: let new) where !new.isAdminState:
            let before = old.words(names: names, under: owner)
            text.append(new.words(names: names, under: owner).text(changedFrom: before))
            text.append(new.suffix)
        case .add(let object), .remove(let object), .replace(_, with: let object):
            object.write(to: &text, names: names, under: owner)
        }
    }
}

extension LinkSetting {
    var words: [Word] {
        switch value {
        case .mtu(let mtu): [.pair("mtu", "\(mtu)")]
        case .group(let group): [.pair("group", "\(group)")]
        case .up(let isUp): [.flag(isUp ? "up" : "down")]
        }
    }
}
