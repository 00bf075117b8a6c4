import DataPlane
import Netlink
import Plist

/// `ifcfg-NAME` of Red Hat's network-scripts and NetworkManager, and of SUSE's wicked: their keys
/// do not contradict each other.
struct IfcfgReader {
    private var file: Assignments
    private let source: SourceText
    /// What stands behind `ifcfg-`.
    private let suffix: String
    private let isSUSE: Bool

    /// - Parameter isSUSE: it is known to be SUSE's.
    static func read(
        _ source: SourceText, isSUSE: Bool = false, into host: inout ImportedHost
    ) {
        let suffix = String(source.name.dropFirst("ifcfg-".count))
        var reader = IfcfgReader(
            file: Assignments(source), source: source, suffix: suffix,
            isSUSE: isSUSE || source.file.contains("/sysconfig/network/"))
        reader.read(into: &host)
    }

    private init(file: Assignments, source: SourceText, suffix: String, isSUSE: Bool) {
        self.isSUSE = isSUSE
        self.file = file
        self.source = source
        self.suffix = suffix
    }

    private var place: Place { Place(file: source.file, line: 1) }

    private mutating func read(into host: inout ImportedHost) {
        let device = file.take("DEVICE")
        let mac = file.take("HWADDR")
        let type = file.take("TYPE")
        let base = Self.base(of: device?.value ?? suffix)
        if base == "lo" {
            host.note(place, "lo is no ENI: not carried over")
            return
        }
        if let reason = whyNoENI(type?.value) {
            host.note(place, "\(base) \(reason): not carried over")
            return
        }
        let isNamed = device != nil || mac == nil
        let index: Int
        if let known = host.configurations[Self.base(of: suffix)], !isNamed || device == nil {
            index = known
        } else if isNamed {
            index = host.interface(named: base, place)
        } else {
            index = host.addInterface(place)
        }
        host.configurations[Self.base(of: suffix)] = index
        if let mac {
            if let address = MACAddress(mac.value) {
                host.interfaces[index].mac = address
            } else {
                host.interfaces[index].notes.append(mac.origin.note("no MAC address"))
                if !isNamed { host.interfaces[index].name = base }
            }
        }
        readState(&host.interfaces[index])
        readAddresses(&host.interfaces[index])
        readIPv6(&host.interfaces[index])
        readGateways(index, &host)
        readRules(&host)
        readRest(&host.interfaces[index])
    }

    /// `eth0` of `eth0:1` and of `eth0-range0`.
    static func base(of name: String) -> String {
        var base = name.prefix { $0 != ":" }
        if let range = base.firstRange(of: "-range") { base = base[..<range.lowerBound] }
        return String(base)
    }

    private mutating func whyNoENI(_ type: String?) -> String? {
        if let type, !["Ethernet", "ethernet", "Vlan", "vlan", "VLAN"].contains(type) {
            return "is of type \(type), no NIC"
        }
        if file.takeFlag("SLAVE") == true || file.has("MASTER") { return "is a bond's port" }
        if file.has("BRIDGE") { return "is a bridge's port" }
        if file.has("TEAM_MASTER") { return "is a team's port" }
        if file.has("BONDING_MASTER") { return "is a bond" }
        if file.has("BRIDGE_PORTS") { return "is a bridge" }
        if file.has("TUNNEL") { return "is a tunnel" }
        return nil
    }

    private mutating func readState(_ interface: inout ImportedInterface) {
        if file.takeFlag("ONBOOT") == false { interface.activationPolicy = .manual }
        if let (mode, origin) = file.take("STARTMODE") {
            switch mode.lowercased() {
            case "manual", "ifplugd": interface.activationPolicy = .manual
            case "off": interface.isManaged = false
            case "auto", "onboot", "boot", "hotplug", "nfsroot": break
            default: interface.notes.append(origin.note("not understood; taken for auto"))
            }
        }
        if let (mtu, origin) = file.take("MTU") {
            if let number: UInt32 = wordNumber(mtu) {
                // wicked's 0 is "as it is".
                if number != 0 { interface.mtu = ImportedNumber(value: number, origin: origin) }
            } else {
                interface.notes.append(origin.note("no number"))
            }
        }
        // wicked's default; a file in SUSE's folder is wicked's.
        if !file.has("STARTMODE"), !file.has("ONBOOT"), isSUSE {
            interface.activationPolicy = .manual
        }
        guard let (proto, origin) = file.take("BOOTPROTO") else { return }
        switch proto.lowercased() {
        case "none", "static", "off": break
        case "dhcp", "bootp": interface.automatic.insert(.ipv4)
        case "dhcp4": interface.automatic.insert(.ipv4)
        case "dhcp6": interface.automatic.insert(.ipv6)
        case "dhcp+autoip": interface.automatic.insert(.ipv4)
        default: interface.notes.append(origin.note("not understood; taken for static"))
        }
    }

    // MARK: IPv4

    private mutating func readAddresses(_ interface: inout ImportedInterface) {
        readRange(&interface)
        let suffixes = file.suffixes(of: "IPADDR").sorted { Self.number($0) < Self.number($1) }
        for suffix in suffixes where suffix != "_START" && suffix != "_END" {
            guard let (text, origin) = file.take("IPADDR" + suffix) else { continue }
            let explicit =
                file.take("PREFIX" + suffix) ?? file.take("PREFIXLEN" + suffix)
            let mask = file.take("NETMASK" + suffix)
            for key in ["BROADCAST", "NETWORK", "LABEL"] { _ = file.take(key + suffix) }
            let (given, parsed) = (explicit ?? mask, IPPrefix.parse(text))
            guard let (address, length) = parsed else {
                interface.notes.append(origin.note("no address"))
                continue
            }
            if text.contains("/") {
                interface.add(address, length, origin)
            } else if let given {
                guard let length = maskLength(given.value), length <= address.family.bitWidth else {
                    interface.notes.append(origin.note("\(given.origin.text) is no netmask"))
                    continue
                }
                interface.add(address, length, origin)
            } else {
                interface.addClassful(address, origin)
            }
        }
    }

    /// `_foo` and no suffix first, then by number.
    private static func number(_ suffix: String) -> UInt32 {
        let digits = suffix.drop { $0 == "_" }
        return digits.isEmpty ? 0 : (wordNumber(digits) as UInt32?).map { $0 &+ 1 } ?? .max
    }

    /// `ifcfg-eth0-range0`: `IPADDR_START` to `IPADDR_END`.
    private mutating func readRange(_ interface: inout ImportedInterface) {
        guard let (text, origin) = file.take("IPADDR_START"),
            let (last, _) = file.take("IPADDR_END")
        else { return }
        _ = file.take("CLONENUM_START")
        guard let first = IPAddress(text), let last = IPAddress(last), first.family == .ipv4,
            last.family == .ipv4, first <= last, last.bits - first.bits < 256
        else {
            interface.notes.append(origin.note("no range of at most 256 addresses"))
            return
        }
        let mask = (file.take("PREFIX") ?? file.take("NETMASK")).flatMap { maskLength($0.value) }
        for bits in first.bits...last.bits {
            interface.add(IPAddress(family: .ipv4, bits: bits), mask ?? 32, origin)
        }
    }

    // MARK: IPv6

    private mutating func readIPv6(_ interface: inout ImportedInterface) {
        let isInitialized = file.takeFlag("IPV6INIT")
        if file.takeFlag("IPV6_DISABLED") == true,
            let origin = file.entries.first(where: { $0.key == "IPV6_DISABLED" })?.origin
        {
            interface.ipv6 = (.disabled, origin)
        }
        let isAutomatic =
            file.takeFlag("IPV6_AUTOCONF") == true || file.takeFlag("DHCPV6C") == true
        let texts =
            [file.take("IPV6ADDR")].compactMap { $0 }
            + [file.take("IPV6ADDR_SECONDARIES")].compactMap { $0 }
            .flatMap { list in list.value.blankSeparated.map { ($0, list.origin) } }
        if isInitialized == false {
            for (text, origin) in texts {
                interface.notes.append(origin.note("\(text) is not configured: IPV6INIT=no"))
            }
            return
        }
        if isAutomatic { interface.automatic.insert(.ipv6) }
        for (text, origin) in texts {
            guard let (address, length) = IPPrefix.parse(text), address.family == .ipv6 else {
                interface.notes.append(origin.note("'\(text)' is no IPv6 address"))
                continue
            }
            if text.contains("/") {
                interface.add(address, length, origin)
            } else {
                interface.addClassful(address, origin)
            }
        }
    }

    // MARK: Gateways

    private mutating func readGateways(_ index: Int, _ host: inout ImportedHost) {
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
    private mutating func readRules(_ host: inout ImportedHost) {
        for (word, family) in [("ROUTING_RULE_", AddressFamily.ipv4), ("ROUTING_RULE6_", .ipv6)] {
            for suffix in file.suffixes(of: word) {
                guard let (text, origin) = file.take(word + suffix) else { continue }
                host.addRule(text.blankSeparated, family: family, origin)
            }
        }
    }

    // MARK: The rest

    /// Keys that say nothing about addresses and routes.
    private static let idle: Set<String> = [
        "NAME", "UUID", "USERCTL", "USERCONTROL", "NM_CONTROLLED", "PROXY_METHOD", "BROWSER_ONLY",
        "IPV4_FAILURE_FATAL", "IPV6_FAILURE_FATAL", "BROADCAST", "NETWORK", "ARPCHECK",
        "PERSISTENT_DHCLIENT", "IPV6_ADDR_GEN_MODE", "IPV6_PRIVACY", "ONPARENT", "NO_ALIASROUTING",
        "AUTOCONNECT_PRIORITY", "LINK_REQUIRED", "NOZEROCONF", "HOTPLUG", "IPV6_PEERDNS",
        "IPV6_PEERROUTES", "PEERROUTES", "PEERDNS", "PEERNTP", "REMOTE_IPADDR", "FIREWALL", "ZONE",
        "BOOTPROTO_INFO", "CLOUD_NETCONFIG_MANAGE", "IPV6_SET_SYSCTLS", "DHCP_CLIENT_ID",
        "DHCLIENT_SET_HOSTNAME", "DHCLIENT_SET_DEFAULT_ROUTE", "DHCLIENT_PRIMARY_DEVICE",
        "PREFIXLEN", "NETMASK", "PREFIX",
    ]

    private mutating func readRest(_ interface: inout ImportedInterface) {
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

    private static func reason(_ key: String) -> String {
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

extension SourceText {
    /// The path's last component.
    var name: String { file.split(separator: "/").last.map(String.init) ?? file }
}
