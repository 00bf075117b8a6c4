package import Netlink

/// An interface that the files manage and this host has, with the addresses it will hold.
struct ManagedInterface {
    let entry: Host.Entry
    let link: Link
    /// The MTU that the link will have.
    var mtuThen: UInt32
    /// What the file wants here now, in its order.
    var ownAddresses: [(address: InterfaceAddress, origin: AddressConfig)]
    /// What it will hold: ours, then everybody else's.
    var addresses: [InterfaceAddress]
    var foreignAddresses: ArraySlice<InterfaceAddress> { addresses[ownAddresses.count...] }
    /// What the plan takes away.
    var leaving: LeavingAddresses
    /// IPv4 subnets of which no address brings a connected route.
    var unconnected: Set<IPPrefix>
    /// What main holds through it, by the first hop.
    var mainRoutes: [Route]

    var config: InterfaceConfig { entry.config }
    var table: UInt32 { entry.table }
    var index: InterfaceIndex { link.index }
    /// Whether routes through it can be there: a route needs its link up.
    var willBeUp: Bool { config.activationPolicy == .up || link.isUp }

    /// Its addresses that source rules are about: neither link-local nor loopback.
    func globalAddresses(_ family: AddressFamily) -> [InterfaceAddress] {
        var global: [InterfaceAddress] = []
        global.reserveCapacity(addresses.count)
        for address in addresses where address.family == family && address.isGlobal {
            global.append(address)
        }
        return global
    }
}

extension InterfaceAddress {
    package var isGlobal: Bool {
        !address.isLinkLocal && !address.isLoopback && scope != .host
    }
}
