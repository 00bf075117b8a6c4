import DataPlane
import Netlink

/// What the running kernel holds, as far as it is about ENIs.
///
/// An ENI is an Ethernet device that is nobody's port and has no kind: a driver made it, nobody's
/// command. A veth, macvlan or ipvlan is one as well where it has a global address with a subnet:
/// a container's NIC, or a test's; the host's end of a container's has none.
struct KernelImport {
    let kernel: KernelState
    var host = ImportedHost()
    var indices: [InterfaceIndex: Int] = [:]
    let names: InterfaceNames
    let mark = RouteProtocol(rawValue: Config().protocol)
    let dhcp = RouteProtocol(rawValue: 16)
    let routerAdvertisement = RouteProtocol(rawValue: 9)

    static func host(of kernel: KernelState) -> ImportedHost {
        var reader = KernelImport(kernel)
        for link in kernel.links { reader.read(link) }
        reader.readGroup()
        reader.readRoutes()
        reader.readRules()
        return reader.host
    }

    /// The sysctls to look at.
    static func sysctls(_ links: [Link]) -> Set<SysctlName> {
        Set((links.map(\.name) + ["default"]).map { .interface($0, "ipv4", "rp_filter") })
    }

    private init(_ kernel: KernelState) {
        self.kernel = kernel
        names = InterfaceNames(of: kernel.links)
    }

    /// Somebody's group for ENIs will do for ours, where nothing else is in it.
    private mutating func readGroup() {
        let grouped = kernel.links.filter { $0.group != 0 }
        guard let group = grouped.first?.group, group != Config().linkGroup,
            grouped.allSatisfy({ $0.group == group && indices[$0.index] != nil })
        else { return }
        host.linkGroup = group
    }

    private func addresses(of link: Link) -> [InterfaceAddress] {
        kernel.addresses.filter { $0.interface == link.index && $0.isGlobal }
    }

    // MARK: Links

    private mutating func read(_ link: Link) {
        guard !link.isLoopback else { return }
        let held = addresses(of: link)
        if let reason = whyNoENI(link, held) {
            if !held.isEmpty { host.note(nil, "\(link.name) \(reason): left as it is") }
            return
        }
        guard !held.isEmpty else {
            let mac = link.identifyingMAC.map { " (\($0))" } ?? ""
            host.note(nil, "\(link.name)\(mac) has no address: not in this file")
            return
        }
        let index = host.interface(named: link.name, nil)
        indices[link.index] = index
        let twins = kernel.links.filter {
            $0.master == nil && $0.identifyingMAC == link.identifyingMAC
        }
        if twins.count == 1 { host.interfaces[index].mac = link.identifyingMAC }
        if !link.isUp { host.interfaces[index].activationPolicy = .manual }
        findAutomatic(link, held, index)
        for address in held { read(address, of: index) }
        readSettings(link, index)
    }

    private func whyNoENI(_ link: Link, _ held: [InterfaceAddress]) -> String? {
        if let master = link.master { return "is a port of \(names.name(of: master))" }
        guard link.hardwareType == 1, link.mac != nil else { return "is no Ethernet device" }
        switch link.kind {
        case nil: return nil
        case "veth", "macvlan", "ipvlan":
            let hasSubnet = held.contains { !$0.subnet.isHost && $0.peer == nil }
            return hasSubnet || held.isEmpty ? nil : "has no subnet"
        case let kind?: return "(\(kind)) is no ENI"
        }
    }

    /// A lease runs out, and its client marks its routes.
    private mutating func findAutomatic(_ link: Link, _ held: [InterfaceAddress], _ index: Int) {
        for family in AddressFamily.allCases {
            let routes = kernel.routes.filter {
                $0.family == family && $0.nextHops.first?.interface == link.index
                    && ($0.protocol == dhcp || $0.protocol == routerAdvertisement)
            }
            let leases = held.contains {
                $0.family == family && $0.validLifetime != InterfaceAddress.forever
            }
            guard leases || !routes.isEmpty else { continue }
            host.interfaces[index].automatic.insert(family)
            let defaults = kernel.routes.filter {
                $0.family == family && $0.nextHops.first?.interface == link.index
                    && $0.table == RouteTable.main && $0.destination.isDefault
                    && $0.type == .unicast
                    && $0.protocol != mark
            }
            if let metric = defaults.map(\.effectiveMetric).min() {
                host.interfaces[index].automaticMetrics[family] = metric
            } else {
                host.interfaces[index].withoutDefault.insert(family)
            }
        }
    }

    private mutating func read(_ address: InterfaceAddress, of index: Int) {
        let text = "address \(KernelObject.address(address).description(names: names))"
        let origin = Origin(nil, text)
        let isLease =
            host.interfaces[index].automatic.contains(address.family)
            && (address.validLifetime != InterfaceAddress.forever || isLeaseWithoutEnd(address))
        if isLease { return }
        if address.peer != nil {
            host.interfaces[index].notes.append(
                origin.note("not carried over: it has a peer; left as it is"))
            return
        }
        host.interfaces[index].add(
            address.address, address.prefixLength, origin,
            noDAD: address.family == .ipv6 && address.flags.contains(.noDAD)
                && address.protocol != mark.rawValue)
    }

    /// A client that sets no lifetimes: the source of its routes, else the first address.
    private func isLeaseWithoutEnd(_ address: InterfaceAddress) -> Bool {
        let held = kernel.addresses.filter {
            $0.interface == address.interface && $0.family == address.family && $0.isGlobal
        }
        guard held.allSatisfy({ $0.validLifetime == InterfaceAddress.forever }) else {
            return false
        }
        let sources = kernel.routes.filter {
            $0.protocol == dhcp && $0.nextHops.first?.interface == address.interface
        }.compactMap(\.preferredSource)
        let lease = held.first { sources.contains($0.address) } ?? held.first
        return lease?.address == address.address
    }

    private mutating func readSettings(_ link: Link, _ index: Int) {
        if link.mtu != 1500 {
            if host.interfaces[index].isExternal {
                host.interfaces[index].note(
                    nil,
                    "mtu \(link.mtu) is left to what has set it; MTU = \(link.mtu) would keep it")
            } else {
                host.interfaces[index].mtu = ImportedNumber(
                    value: link.mtu, origin: Origin(nil, "mtu \(link.mtu)"))
            }
        }
        let name = SysctlName.interface(link.name, "ipv4", "rp_filter")
        let base = kernel.sysctls[.interface("default", "ipv4", "rp_filter")]
        // What differs from the boot's value, or was switched off, is somebody's wish.
        guard let text = kernel.sysctls[name], let value: UInt32 = wordNumber(text), value <= 2,
            value == 0 || text != base
        else { return }
        host.interfaces[index].reversePathFilter = ImportedNumber(
            value: value, origin: Origin(nil, "\(name) = \(text)"))
    }
}
