import Netlink
import Plist

/// Gateways, rules, and what is left.
extension IfcfgReader {
    mutating func readGateways(_ index: Int, _ host: inout ImportedHost) {
        let takesDefault = file.takeFlag("DEFROUTE") ?? true
        let takesIPv6Default = file.takeFlag("IPV6_DEFROUTE") ?? takesDefault
        let metric = file.take("METRIC") ?? file.take("IPV4_ROUTE_METRIC")
        let metric6 = file.take("IPV6_ROUTE_METRIC")
        if !takesDefault { host.interfaces[index].withoutDefault.insert(.ipv4) }
        if !takesIPv6Default { host.interfaces[index].withoutDefault.insert(.ipv6) }
        let number4 = metric.flatMap { wordNumber($0.value) as UInt32? }
        let number6 = metric6.flatMap { wordNumber($0.value) as UInt32? }
        host.interfaces[index].automaticMetrics[.ipv4] = number4
        host.interfaces[index].automaticMetrics[.ipv6] = number6
        var found: Set<AddressFamily> = []
        let keys =
            ["GATEWAY"]
            + file.suffixes(of: "GATEWAY").filter { !$0.isEmpty && $0 != "DEV" }
            .map { "GATEWAY" + $0 } + ["IPV6_DEFAULTGW"]
        for key in keys {
            guard let (text, origin) = file.take(key) else { continue }
            guard let address = IPAddress.withZone(text) else {
                host.interfaces[index].notes.append(origin.note("no address"))
                continue
            }
            guard found.insert(address.family).inserted else {
                let is2nd = "a second gateway: there is one a family"
                host.interfaces[index].notes.append(origin.note(is2nd))
                continue
            }
            let isIPv6 = address.family == .ipv6
            if isIPv6 ? takesIPv6Default : takesDefault {
                host.addDefault(via: address, metric: isIPv6 ? number6 : number4, index, origin)
            } else {
                host.interfaces[index].gateways[address.family] = ImportedGateway(
                    address: address, origin: origin)
            }
        }
    }

    /// NetworkManager's `ROUTING_RULE_1="priority 5 from 10.0.0.20 table 1001"`.
    mutating func readRules(_ host: inout ImportedHost) {
        for (word, family) in [("ROUTING_RULE_", AddressFamily.ipv4), ("ROUTING_RULE6_", .ipv6)] {
            for suffix in file.suffixes(of: word) {
                guard let (text, origin) = file.take(word + suffix) else { continue }
                host.addRule(text.blankSeparated, family: family, origin)
            }
        }
    }

    // MARK: The rest

    /// Keys that say nothing about addresses and routes.
    static let idle: Set<String> = [
        "NAME", "UUID", "USERCTL", "USERCONTROL", "NM_CONTROLLED", "PROXY_METHOD", "BROWSER_ONLY",
        "IPV4_FAILURE_FATAL", "IPV6_FAILURE_FATAL", "BROADCAST", "NETWORK", "ARPCHECK",
        "PERSISTENT_DHCLIENT", "IPV6_ADDR_GEN_MODE", "IPV6_PRIVACY", "ONPARENT", "NO_ALIASROUTING",
        "AUTOCONNECT_PRIORITY", "LINK_REQUIRED", "NOZEROCONF", "HOTPLUG", "IPV6_PEERDNS",
        "IPV6_PEERROUTES", "PEERROUTES", "PEERDNS", "PEERNTP", "REMOTE_IPADDR", "FIREWALL", "ZONE",
        "BOOTPROTO_INFO", "CLOUD_NETCONFIG_MANAGE", "IPV6_SET_SYSCTLS", "DHCP_CLIENT_ID",
        "DHCLIENT_SET_HOSTNAME", "DHCLIENT_SET_DEFAULT_ROUTE", "DHCLIENT_PRIMARY_DEVICE",
        "PREFIXLEN", "NETMASK", "PREFIX",
    ]

    mutating func readRest(_ interface: inout ImportedInterface) {
        interface.notes += file.notes
        var idle: [Assignments.Entry] = []
        for entry in file.takeRest() {
            if Self.idle.contains(entry.key) {
                idle.append(entry)
            } else {
                interface.notes.append(entry.origin.note(Self.reason(entry.key)))
            }
        }
        guard !idle.isEmpty else { return }
        let keys = idle.map { "\($0.key) (line \($0.place.line))" }.joined(separator: ", ")
        interface.note(nil, "\(source.file): nothing that rtsetup sets: \(keys)")
    }

    static func reason(_ key: String) -> String {
        if key.hasPrefix("DNS") || key == "DOMAIN" || key == "SEARCH" {
            return "rtsetup does not set up DNS"
        }
        switch key {
        case "MACADDR", "LLADDR": return "rtsetup does not set MAC addresses"
        case "VLAN", "PHYSDEV", "ETHERDEVICE", "VLAN_ID", "REORDER_HDR":
            return "rtsetup does not create VLANs; the interface must be there"
        case "ETHTOOL_OPTS", "ETHTOOL_OPTIONS": return "not carried over; see Queues for channels"
        default: return "not carried over"
        }
    }
}
