import Netlink
import Plist

/// One setting, named once; and the settings that the kernel combines.
extension ConfigChecker {
    mutating func checkSettings() {
        let conf = draft.sysctls.filter {
            $0.name.components.count == 5 && $0.name.components[2] == "conf"
        }
        checkForwarding()
        let byInterface = Dictionary(grouping: conf) { $0.name.components[3] }
        let all = draft.sysctls.first { $0.name == .interface("all", "ipv4", "rp_filter") }
        for interface in draft.interfaces {
            checkOnce(interface, interface.name.flatMap { byInterface[$0.value] } ?? [])
            if let all { checkReversePathFilter(interface, all) }
        }
    }

    /// One variable of the kernel under two names.
    private mutating func checkForwarding() {
        let forwarding = SysctlName.interface("all", "ipv4", "forwarding").canonical
        let entries = draft.sysctls.filter { $0.name.canonical == forwarding }
        guard let first = entries.first else { return }
        for entry in entries.dropFirst() {
            error(
                "\(entry.name) is \(first.name) on "
                    + "\(first.location.place(from: entry.location)) under another name",
                at: entry.location)
        }
    }

    /// A setting's key and the sysctl behind it exclude each other, however the latter is spelled.
    ///
    /// - Parameter fullNames: the top level's sysctls of this interface.
    private mutating func checkOnce(
        _ interface: InterfaceDraft, _ fullNames: [SysctlConfig]
    ) {
        var keys: [String: (key: String, location: SourceLocation)] = [:]
        if let filter = interface.reversePathFilter {
            keys["ipv4.rp_filter"] = ("ReversePathFilter", filter.location)
        }
        if let arp = interface.arp, arp.value != .unchanged {
            keys["ipv4.arp_ignore"] = ("ARP", arp.location)
            keys["ipv4.arp_announce"] = ("ARP", arp.location)
        }
        if let ipv6 = interface.ipv6, ipv6.value != .unchanged {
            keys["ipv6.disable_ipv6"] = ("IPv6", ipv6.location)
        }
        for sysctl in interface.sysctls {
            let setting = "\(sysctl.family).\(sysctl.key)"
            checkOnce(setting, keys, at: sysctl.location)
            checkIPv6(interface, setting, sysctl.value, at: sysctl.location)
        }
        for sysctl in fullNames {
            let setting = "\(sysctl.name.components[1]).\(sysctl.name.components[4])"
            checkOnce(setting, keys, at: sysctl.location)
            checkIPv6(interface, setting, sysctl.value, at: sysctl.location)
            if let own = interface.sysctls.first(where: { "\($0.family).\($0.key)" == setting }) {
                let place = own.location.place(from: sysctl.location)
                error("\(interface.label) sets this itself on \(place)", at: sysctl.location)
            }
        }
    }

    private mutating func checkOnce(
        _ setting: String, _ keys: [String: (key: String, location: SourceLocation)],
        at location: SourceLocation
    ) {
        guard let (key, first) = keys[setting] else { return }
        error(
            "'\(key)' on \(first.place(from: location)) sets \(setting) already", at: location)
    }

    /// `IPv6 = disabled` by another name.
    private mutating func checkIPv6(
        _ interface: InterfaceDraft, _ setting: String, _ value: String,
        at location: SourceLocation
    ) {
        guard setting == "ipv6.disable_ipv6", value != "0", interface.ipv6 == nil,
            let address = interface.firstIPv6Address
        else { return }
        error("IPv6 is disabled, but the interface has the address \(address)", at: location)
    }

    /// The kernel uses the larger of `all` and the interface.
    private mutating func checkReversePathFilter(
        _ interface: InterfaceDraft, _ all: SysctlConfig
    ) {
        guard let filter = interface.reversePathFilter,
            let value = UInt8(all.value), value > filter.value.rawValue
        else { return }
        let effective = ReversePathFilter(rawValue: value).map { " (\($0))" } ?? ""
        reader.warn(
            "net.ipv4.conf.all.rp_filter on \(all.location.place(from: filter.location)) overrides "
                + "it: \(value)\(effective) is what \(interface.label) gets", at: filter.location)
    }
}
