import DataPlane
import Netlink

/// [Network], [DHCPv4] and its kin, [Link].
extension NetworkdReader {
    mutating func readNetwork(_ index: Int, _ host: inout ImportedHost) {
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

    mutating func readAutomatic(_ interface: inout ImportedInterface) {
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

    mutating func readLink(_ interface: inout ImportedInterface) {
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
