import DataPlane
import Netlink
import Plist

/// A `.network` file of systemd-networkd with its drop-ins.
struct NetworkdReader {
    let file: NetworkdSections
    private let source: SourceText
    private var idle: [NetworkdSections.Entry] = []

    /// - Parameters:
    ///   - sources: the file, then its drop-ins in name order.
    ///   - taken: interfaces that an earlier file has matched: the first one wins.
    static func read(
        _ sources: [SourceText], taken: inout [String: String], into host: inout ImportedHost
    ) {
        guard let source = sources.first else { return }
        var reader = NetworkdReader(file: NetworkdSections(sources), source: source)
        reader.read(&taken, &host)
    }

    private init(file: NetworkdSections, source: SourceText) {
        self.file = file
        self.source = source
    }

    private var place: Place { Place(file: source.file, line: 1) }

    private mutating func read(_ taken: inout [String: String], _ host: inout ImportedHost) {
        host.notes += file.notes
        if let port = file.entries("Network").first(where: {
            ["Bridge", "Bond", "VRF", "BatmanAdvanced"].contains($0.key) && !$0.value.isEmpty
        }) {
            host.notes.append(port.origin.note("a port is no ENI: not carried over"))
            return
        }
        let names = file.list("Match", "Name").flatMap { entry in
            entry.value.blankSeparated.map { ($0, entry) }
        }
        let macs = (file.list("Match", "PermanentMACAddress") + file.list("Match", "MACAddress"))
            .flatMap { entry in entry.value.blankSeparated.map { ($0, entry) } }
        if let pattern = names.first(where: { name, _ in
            name.hasPrefix("!") || name.contains { "*?[".contains($0) }
        }) {
            host.notes.append(
                pattern.1.origin.note(
                    "the whole file is not carried over: it may match several interfaces; "
                        + "write an entry for each"))
            return
        }
        let targets = matches(names.map(\.0), macs, &host)
        if targets.isEmpty {
            host.note(
                place, "matches by neither Name nor MACAddress: the whole file is not carried over")
            return
        }
        for entry in file.entries("Match")
        where !["Name", "MACAddress", "PermanentMACAddress"].contains(entry.key) {
            host.notes.append(entry.origin.note("not carried over; taken for a match"))
        }
        var hasRules = false
        for (name, mac) in targets {
            let label = name ?? mac.map { "\($0)" } ?? ""
            if name == "lo" {
                host.note(place, "lo is no ENI: not carried over")
                continue
            }
            if let first = taken[label] {
                host.note(place, "\(label) is matched by \(first) first: not carried over")
                continue
            }
            taken[label] = source.file
            let index: Int
            if let name {
                index = host.interface(named: name, place)
            } else {
                index = host.addInterface(place)
            }
            if let mac { host.interfaces[index].mac = mac }
            read(into: index, &host)
            // They are nobody's in particular: once is enough.
            if !hasRules {
                for section in file.all("RoutingPolicyRule") { readRule(section, index, &host) }
            }
            hasRules = true
        }
    }

    private func matches(
        _ names: [String], _ macs: [(String, NetworkdSections.Entry)], _ host: inout ImportedHost
    ) -> [(name: String?, mac: MACAddress?)] {
        var addresses: [MACAddress] = []
        for (text, entry) in macs {
            if let mac = MACAddress(text) {
                if !addresses.contains(mac) { addresses.append(mac) }
            } else {
                host.notes.append(entry.origin.note("no MAC address"))
            }
        }
        switch (names.count, addresses.count) {
        case (0, _): return addresses.map { (nil, $0) }
        case (1, 1): return [(names[0], addresses[0])]
        default: return names.map { ($0, nil) }
        }
    }

    private mutating func read(into index: Int, _ host: inout ImportedHost) {
        idle = []
        readNetwork(index, &host)
        readLink(&host.interfaces[index])
        readAutomatic(&host.interfaces[index])
        for section in file.all("Address") { readAddress(section, &host.interfaces[index]) }
        for section in file.all("Route") { readRoute(section, index, &host) }
        let known = [
            "Match", "Network", "Link", "DHCP", "DHCPv4", "DHCPv6", "IPv6AcceptRA", "Address",
            "Route", "RoutingPolicyRule",
        ]
        for section in file.sections where !known.contains(section.name) {
            host.interfaces[index].note(section.place, "[\(section.name)]: not carried over")
        }
        guard !idle.isEmpty else { return }
        let keys = idle.map { "\($0.key) (line \($0.place.line))" }.joined(separator: ", ")
        host.interfaces[index].note(nil, "\(source.file): nothing that rtsetup sets: \(keys)")
    }

    // MARK: [Network]

    private mutating func readNetwork(_ index: Int, _ host: inout ImportedHost) {
        for entry in file.list("Network", "Address") {
            host.interfaces[index].addPrefix(entry.value, entry.origin)
        }
        for entry in file.list("Network", "Gateway") {
            guard let gateway = IPAddress(entry.value) else {
                host.interfaces[index].notes.append(entry.origin.note("no address"))
                continue
            }
            host.addDefault(via: gateway, metric: nil, index, entry.origin)
        }
        for entry in file.entries("Network") where !entry.value.isEmpty {
            switch entry.key {
            case "Address", "Gateway", "DHCP", "IPv6AcceptRA", "IPv4ReversePathFilter",
                "Description":
                break
            case "DNS", "Domains", "DNSDefaultRoute", "DNSOverTLS", "DNSSEC", "LLMNR",
                "MulticastDNS", "NTP":
                host.interfaces[index].notes.append(
                    entry.origin.note("rtsetup does not set up DNS"))
            case "VLAN", "MACVLAN", "IPVLAN", "VXLAN", "Tunnel":
                host.interfaces[index].notes.append(
                    entry.origin.note("rtsetup does not create interfaces"))
            case "LinkLocalAddressing", "LLDP", "EmitLLDP", "ConfigureWithoutCarrier",
                "KeepConfiguration", "IgnoreCarrierLoss", "IPv6PrivacyExtensions",
                "DefaultRouteOnDevice", "DHCPServer", "BindCarrier":
                idle.append(entry)
            default: host.interfaces[index].notes.append(entry.origin.note("not carried over"))
            }
        }
        if let filter = file.last("Network", "IPv4ReversePathFilter") {
            if let value: UInt32 = ["no": 0, "strict": 1, "loose": 2][filter.value] {
                host.interfaces[index].reversePathFilter = ImportedNumber(
                    value: value, origin: filter.origin)
            } else {
                host.interfaces[index].notes.append(filter.origin.note("no, strict or loose"))
            }
        }
    }

    private mutating func readAutomatic(_ interface: inout ImportedInterface) {
        if let dhcp = file.last("Network", "DHCP") {
            switch dhcp.value {
            case "ipv4", "v4": interface.automatic.insert(.ipv4)
            case "ipv6", "v6": interface.automatic.insert(.ipv6)
            case "both": interface.automatic = [.ipv4, .ipv6]
            case "none": break
            default:
                switch dhcp.flag {
                case true: interface.automatic = [.ipv4, .ipv6]
                case false: break
                case nil: interface.notes.append(dhcp.origin.note("not understood"))
                }
            }
        }
        if file.last("Network", "IPv6AcceptRA")?.flag == true { interface.automatic.insert(.ipv6) }
        interface.automaticMetrics[.ipv4] = 1024
        for (name, family) in [
            ("DHCP", AddressFamily.ipv4), ("DHCPv4", .ipv4), ("DHCPv6", .ipv6),
            ("IPv6AcceptRA", .ipv6),
        ] {
            for entry in file.entries(name) where !entry.value.isEmpty {
                switch entry.key {
                case "RouteMetric":
                    interface.automaticMetrics[family] = wordNumber(entry.value)
                    interface.notes.append(
                        entry.origin.note("left to networkd, which sets what DHCP gives"))
                case "UseRoutes", "UseGateway":
                    if entry.flag == false { interface.withoutDefault.insert(family) }
                    interface.notes.append(entry.origin.note("left to networkd"))
                case "RouteTable":
                    interface.withoutDefault.insert(family)
                    interface.notes.append(
                        entry.origin.note(
                            "left to networkd; Gateway = auto reads main, so write the gateway"))
                default: idle.append(entry)
                }
            }
        }
    }

    // MARK: [Link]

    private mutating func readLink(_ interface: inout ImportedInterface) {
        for entry in file.entries("Link") where !entry.value.isEmpty {
            switch entry.key {
            case "MTUBytes":
                guard let bytes = entry.bytes else {
                    interface.notes.append(entry.origin.note("no number"))
                    continue
                }
                interface.mtu = ImportedNumber(value: bytes, origin: entry.origin)
            case "ActivationPolicy":
                switch entry.value {
                case "up", "always-up": interface.activationPolicy = .up
                case "manual": interface.activationPolicy = .manual
                case "down", "always-down": interface.activationPolicy = .down
                default: interface.notes.append(entry.origin.note("taken for up"))
                }
            case "Unmanaged": if entry.flag == true { interface.isManaged = false }
            case "RequiredForOnline", "RequiredFamilyForOnline":
                // What boot waits for is networkd's; no is also our default.
                if entry.flag != false {
                    interface.notes.append(
                        entry.origin.note(
                            "not carried over; Required = YES makes its absence an error"))
                }
            case "MACAddress":
                interface.notes.append(entry.origin.note("rtsetup does not set MAC addresses"))
            case "Group", "ARP", "Multicast", "AllMulticast", "Promiscuous":
                interface.notes.append(entry.origin.note("not carried over"))
            default: idle.append(entry)
            }
        }
    }
}

extension NetworkdSections.Entry {
    /// `1500`, or with K, M, G to the base of 1024.
    fileprivate var bytes: UInt32? {
        let unit: UInt32? = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30][value.suffix(1)]
        guard let unit else { return wordNumber(value) }
        guard let number: UInt32 = wordNumber(value.dropLast()) else { return nil }
        let (bytes, isTooLarge) = number.multipliedReportingOverflow(by: unit)
        return isTooLarge ? nil : bytes
    }
}

extension ImportedInterface {
    /// `10.0.0.20/24`
    mutating func addPrefix(_ text: String, _ origin: Origin, noDAD: Bool = false) {
        guard let (address, length) = IPPrefix.parse(text) else {
            return notes.append(origin.note("no address"))
        }
        if !text.contains("/"), address.family == .ipv4 {
            addClassful(address, origin)
        } else {
            add(address, length, origin, noDAD: noDAD)
        }
    }
}
