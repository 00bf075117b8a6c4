package import Netlink

/// An interface that the files manage and this host has, with the addresses it will hold.
struct ManagedInterface {
    var config: InterfaceConfig
    var link: Link
    var table: UInt32
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

    var index: InterfaceIndex { link.index }
    /// Whether routes through it can be there: a route needs its link up.
    var willBeUp: Bool { config.activationPolicy == .up || link.isUp }

    /// Its addresses that source rules are about: neither link-local nor loopback.
    func globalAddresses(_ family: AddressFamily) -> [InterfaceAddress] {
        func isMeant(_ address: InterfaceAddress) -> Bool {
            address.family == family && address.isGlobal
        }
        return addresses.allSatisfy(isMeant) ? addresses : addresses.filter(isMeant)
    }
}

extension InterfaceAddress {
    package var isGlobal: Bool {
        !address.isLinkLocal && !address.isLoopback && scope != .host
    }
}
