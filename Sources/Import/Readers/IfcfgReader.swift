import DataPlane
import Netlink
import Plist

/// `ifcfg-NAME` of Red Hat's network-scripts and NetworkManager, and of SUSE's wicked: their keys
/// do not contradict each other.
struct IfcfgReader {
    var file: Assignments
    let source: SourceText
    /// What stands behind `ifcfg-`.
    let suffix: String
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
        // An alias goes up with its interface, or says so in vain.
        let isAlias = base != device?.value ?? suffix
        readState(&host.interfaces[index], isAlias: isAlias)
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

    private mutating func readState(_ interface: inout ImportedInterface, isAlias: Bool) {
        if let (onBoot, origin) = file.take("ONBOOT"), ["no", "n", "0", "false"].contains(onBoot) {
            if isAlias {
                interface.notes.append(origin.note("not carried over: its address is added"))
            } else {
                interface.activationPolicy = .manual
            }
        }
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
        if !file.has("STARTMODE"), !file.has("ONBOOT"), isSUSE, !isAlias {
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
}

extension SourceText {
    /// The path's last component.
    var name: String { file.split(separator: "/").last.map(String.init) ?? file }
}
