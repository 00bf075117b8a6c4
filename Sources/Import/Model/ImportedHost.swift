import DataPlane
import Netlink

/// What their files or the kernel say, in nobody's format.
struct ImportedHost {
    /// In the order in which they are met.
    var interfaces: [ImportedInterface] = []
    var routes: [ImportedRoute] = []
    var rules: [ImportedRule] = []
    /// In order: a later one goes over an earlier one.
    var sysctls: [ImportedSysctl] = []
    /// About the host, or about what is no ENI.
    var notes: [Note] = []
    var tables = TableNames()
    /// The interface group that all ENIs with a group are in.
    var linkGroup: UInt32?
    /// Interfaces by the name of their files, `ifcfg-NAME` and `route-NAME`.
    var configurations: [String: Int] = [:]
    private var names: [String: Int] = [:]

    mutating func note(_ place: Place?, _ text: String) { notes.append(Note(place, text)) }

    /// The interface of that name, which is made where there is none yet.
    mutating func interface(named name: String, _ place: Place?) -> Int {
        if let index = names[name] { return index }
        let index = addInterface(place)
        interfaces[index].name = name
        names[name] = index
        return index
    }

    /// One more, which has no name yet.
    mutating func addInterface(_ place: Place?) -> Int {
        interfaces.append(ImportedInterface(name: nil, mac: nil, place: place))
        return interfaces.count - 1
    }

    func index(ofInterface name: String) -> Int? { names[name] }
}

/// A NIC as they describe it.
struct ImportedInterface {
    var name: String?
    /// The permanent MAC, by which they find it.
    var mac: MACAddress?
    var place: Place?
    var isManaged = true
    /// Why it is no ENI, where that turns out late.
    var exclusion: Note?
    var activationPolicy = ActivationPolicy.up
    private(set) var addresses: [ImportedAddress] = []
    private var known: Set<Known> = []
    /// Families that DHCP or router advertisements configure.
    var automatic: Set<AddressFamily> = []
    /// Automatic families whose default route is refused (`DEFROUTE=no`, `UseRoutes=no`).
    var withoutDefault: Set<AddressFamily> = []
    /// The metric of an automatic family's default route, where it is told.
    var automaticMetrics: [AddressFamily: UInt32] = [:]
    /// Gateways that are told without a default route through them.
    var gateways: [AddressFamily: ImportedGateway] = [:]
    var mtu: ImportedNumber?
    var reversePathFilter: ImportedNumber?
    var ipv6: (setting: IPv6Setting, origin: Origin)?
    var notes: [Note] = []

    private struct Known: Hashable {
        var address: IPAddress
        var length: UInt8
    }

    init(name: String?, mac: MACAddress?, place: Place?) {
        self.name = name
        self.mac = mac
        self.place = place
    }

    /// For people.
    var label: String { name ?? mac.map { "\($0)" } ?? "?" }

    /// DHCP owns its IPv4, or router advertisements its addresses with no IPv4 of their own there:
    /// a static IPv4 address beside IPv6 from a router is `static`, as it would wait for a lease.
    var isExternal: Bool {
        automatic.contains(.ipv4)
            || automatic.contains(.ipv6) && !addresses.contains { $0.address.family == .ipv4 }
    }

    func has(_ family: AddressFamily) -> Bool {
        automatic.contains(family) || addresses.contains { $0.address.family == family }
    }

    mutating func note(_ place: Place?, _ text: String) { notes.append(Note(place, text)) }

    /// The same address said again, by an alias for instance, is no second one.
    mutating func add(
        _ address: IPAddress, _ length: UInt8, _ origin: Origin, noDAD: Bool = false
    ) {
        guard known.insert(Known(address: address, length: length)).inserted else { return }
        addresses.append(
            ImportedAddress(address: address, length: length, noDAD: noDAD, origin: origin))
    }
}

struct ImportedAddress {
    var address: IPAddress
    var length: UInt8
    var noDAD = false
    var origin: Origin

    var subnet: IPPrefix { IPPrefix(address, length: length) }
}

struct ImportedGateway {
    var address: IPAddress
    var isOnLink = false
    var origin: Origin
}

struct ImportedNumber {
    var value: UInt32
    var origin: Origin
}

/// A sysctl below `net`.
struct ImportedSysctl {
    /// `*` stands for every interface.
    var name: SysctlName
    var value: String
    var origin: Origin
}
