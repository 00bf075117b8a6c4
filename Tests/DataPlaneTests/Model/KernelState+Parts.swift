import Netlink

@testable import DataPlane

extension KernelState {
    func link(_ index: InterfaceIndex) -> Link? { links.first { $0.index == index } }

    func link(named name: String) -> Link? { links.first { $0.name == name } }

    func isUp(_ index: InterfaceIndex?) -> Bool { index.flatMap(link)?.isUp ?? false }

    /// The addresses of one interface and family, in the kernel's order.
    func addresses(_ family: AddressFamily, on interface: InterfaceIndex) -> [InterfaceAddress] {
        addresses.filter { $0.interface == interface && $0.family == family }
    }

    mutating func setAddresses(
        _ family: AddressFamily, on interface: InterfaceIndex, to list: [InterfaceAddress]
    ) {
        addresses.removeAll { $0.interface == interface && $0.family == family }
        addresses += list
    }

    /// Whether packets to it are delivered here: the `local` table.
    ///
    /// - Parameter device: only addresses of this interface count, as for a bound socket.
    func isLocal(_ address: IPAddress, device: InterfaceIndex? = nil) -> Bool {
        address.isLoopback
            || addresses.contains {
                $0.address == address && (device == nil || device == $0.interface)
                    && !$0.flags.contains(.tentative)
            }
    }

    /// An integer sysctl of an interface, or the larger of it and `all`'s; 0 where there is none.
    func setting(_ link: Link, _ family: String, _ key: String) -> Int {
        ["all", link.name].map { name in
            sysctls[.interface(name, family, key)].flatMap { Int($0) } ?? 0
        }.max() ?? 0
    }

    func hasIPv6(on link: Link) -> Bool {
        hasIPv6 && link.mtu >= 1280
            && sysctls[.interface(link.name, "ipv6", "disable_ipv6")] != "1"
    }
}

extension InterfaceAddress {
    /// Whether the kernel takes two addresses of one interface for the same subnet's.
    func sharesSubnet(with other: InterfaceAddress) -> Bool {
        prefixLength == other.prefixLength && subnet == other.subnet
    }

    /// The route that comes with it.
    var connectedRoute: Route? {
        guard !flags.contains(.noPrefixRoute) else { return nil }
        var route = Route(
            destination: subnet, protocol: .kernel, nextHops: [NextHop(interface: interface)])
        switch family {
        case .ipv4:
            guard !flags.contains(.secondary), !subnet.isHost || subnet.address != address
            else { return nil }
            route.scope = .link
            route.metric = metric
            route.preferredSource = address
        case .ipv6:
            // IP6_RT_PRIO_ADDRCONF
            route.metric = metric == 0 ? 256 : metric
        }
        return route
    }
}
