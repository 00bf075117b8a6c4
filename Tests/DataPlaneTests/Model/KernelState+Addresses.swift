import Netlink
import SystemPackage

@testable import DataPlane

extension KernelState {
    mutating func add(_ new: InterfaceAddress, replacing: Bool) throws(KernelError) {
        guard link(new.interface) != nil else {
            throw KernelError("add address", .operationNotSupportedByDevice)
        }
        let list = addresses(new.family, on: new.interface)
        let index = list.firstIndex {
            // IPv6 knows an address on an interface but once, whatever its length.
            $0.address == new.address && (new.family == .ipv6 || $0.sharesSubnet(with: new))
        }
        if let index {
            guard replacing else {
                throw KernelError("add address", .fileExists, message: "address already assigned")
            }
            change(list[index], to: new)
        } else if new.family == .ipv4 {
            try addIPv4(new, to: list)
        } else {
            try addIPv6(new, to: list)
        }
    }

    /// In place: mark, lifetimes, metric; the prefix length stays.
    private mutating func change(_ old: InterfaceAddress, to new: InterfaceAddress) {
        var changed = new
        changed.prefixLength = old.prefixLength
        changed.flags = old.flags
        changed.broadcast = old.broadcast
        if old.family == .ipv6 {
            // inet6_addr_modify
            changed.flags.subtract([.deprecated, .noDAD, .noPrefixRoute])
            changed.flags.formUnion(new.flags.intersection([.noDAD, .noPrefixRoute]))
            if new.preferredLifetime == 0 { changed.flags.insert(.deprecated) }
        }
        for index in addresses.indices where addresses[index] == old { addresses[index] = changed }
        guard old.connectedRoute != changed.connectedRoute else { return }
        addConnected(changed)
        if let before = old.connectedRoute { dropConnected(before) }
    }

    /// `__inet_insert_ifa`
    private mutating func addIPv4(
        _ address: InterfaceAddress, to list: [InterfaceAddress]
    ) throws(KernelError) {
        var list = list
        var new = address
        new.flags.insert(.permanent)
        if let primary = list.first(where: new.sharesSubnet) {
            guard primary.scope == new.scope else {
                throw KernelError("add address", .invalidArgument, message: "Invalid scope value")
            }
            new.flags.insert(.secondary)
            list.append(new)
        } else {
            list.insert(new, at: list.endOfPrimaries(of: new.scope))
        }
        setAddresses(.ipv4, on: new.interface, to: list)
        addConnected(new)
        // fib_inetaddr_event: fib_sync_up
        if isUp(new.interface) { reviveRoutes(.ipv4, through: new.interface) }
    }

    /// ipv6_add_addr and ipv6_link_dev_addr: the newest first among equal scopes.
    private mutating func addIPv6(
        _ address: InterfaceAddress, to list: [InterfaceAddress]
    ) throws(KernelError) {
        guard let link = link(address.interface), hasIPv6(on: link) else {
            throw KernelError(
                "add address", .permissionDenied, message: "IPv6 is disabled on this device")
        }
        var list = list
        var new = address
        new.flags.insert(.permanent)
        if new.preferredLifetime == 0 { new.flags.insert(.deprecated) }
        let detects = setting(link, "ipv6", "accept_dad") > 0 && !new.flags.contains(.noDAD)
        if detects && !link.isLoopback { new.flags.insert(.tentative) }
        let index = list.firstIndex { $0.scope.rawValue >= new.scope.rawValue }
        list.insert(new, at: index ?? list.endIndex)
        setAddresses(.ipv6, on: new.interface, to: list)
        addConnected(new)
    }

    mutating func addConnected(_ address: InterfaceAddress) {
        guard isUp(address.interface), let route = address.connectedRoute else { return }
        // IPv6 addresses of one subnet share the route; IPv4 ones do too, as secondaries.
        if address.family == .ipv6 && routes.contains(where: { $0.isDuplicate(of: route) }) {
            return
        }
        routes.append(route)
    }

    private mutating func dropConnected(_ route: Route) {
        if let index = routes.firstIndex(where: { $0.isSameConnected(as: route) }) {
            routes.remove(at: index)
        }
    }

    mutating func remove(_ address: InterfaceAddress) throws(KernelError) {
        var list = addresses(address.family, on: address.interface)
        guard
            let index = list.firstIndex(where: {
                $0.address == address.address && $0.prefixLength == address.prefixLength
                    && $0.peer == address.peer
            })
        else {
            throw KernelError(
                "remove address", .addressNotAvailable, message: "Address not found")
        }
        let gone = list.remove(at: index)
        if gone.family == .ipv4 {
            removeIPv4(gone, from: list)
        } else {
            setAddresses(.ipv6, on: gone.interface, to: list)
            removeIPv6(gone, from: list)
        }
    }

    /// `__inet_del_ifa`, then fib_del_ifaddr.
    private mutating func removeIPv4(_ gone: InterfaceAddress, from rest: [InterfaceAddress]) {
        var list = rest
        var vanished = [gone.address]
        var promoted: InterfaceAddress?
        if !gone.flags.contains(.secondary) {
            let promotes = link(gone.interface)
                .map { setting($0, "ipv4", "promote_secondaries") > 0 }
            let heirs = list.indices.filter { list[$0].sharesSubnet(with: gone) }
            if promotes == true, let heir = heirs.first {
                var address = list.remove(at: heir)
                address.flags.remove(.secondary)
                list.insert(address, at: list.endOfPrimaries(of: address.scope))
                promoted = address
            } else {
                vanished += heirs.map { list[$0].address }
                list.removeAll { $0.sharesSubnet(with: gone) }
            }
        }
        setAddresses(.ipv4, on: gone.interface, to: list)
        if let connected = gone.connectedRoute { dropConnected(connected) }
        // fib_sync_down_addr, once no interface has the address any more
        let lost = vanished.filter { !isLocal($0) }
        routes.removeAll { route in
            route.family == .ipv4 && route.table == RouteTable.main
                && lost.contains { route.preferredSource == $0 }
        }
        if let promoted { addConnected(promoted) }
        if list.isEmpty { dropRoutes(.ipv4, through: gone.interface) }
    }

    /// ipv6_del_addr: the prefix route goes with the last address of its subnet; a route with
    /// the address as source loses it.
    private mutating func removeIPv6(_ gone: InterfaceAddress, from rest: [InterfaceAddress]) {
        if gone.connectedRoute != nil, !rest.contains(where: gone.sharesSubnet) {
            // addrconf_get_prefix_route: the first one, whoever made it
            let index = routes.indices.filter {
                routes[$0].isLinkRoute(to: gone.subnet, through: gone.interface)
            }.min { routes[$0].metric < routes[$1].metric }
            if let index { routes.remove(at: index) }
        }
        for index in routes.indices
        where routes[index].preferredSource == gone.address
            && routes[index].nextHops.contains(where: { $0.interface == gone.interface })
        {
            routes[index].preferredSource = nil
        }
    }
}

extension [InterfaceAddress] {
    /// Where `__inet_insert_ifa` puts a further primary of a scope.
    fileprivate func endOfPrimaries(of scope: RouteScope) -> Int {
        let last = lastIndex {
            !$0.flags.contains(.secondary) && scope.rawValue <= $0.scope.rawValue
        }
        return last.map { $0 + 1 } ?? 0
    }
}

extension Route {
    fileprivate func isLinkRoute(to subnet: IPPrefix, through interface: InterfaceIndex) -> Bool {
        destination == subnet && table == RouteTable.main
            && nextHops.count == 1 && nextHops.first?.interface == interface
            && nextHops.first?.gateway == nil
    }

    /// rt6_duplicate_nexthop
    fileprivate func isDuplicate(of other: Route) -> Bool {
        guard let interface = other.nextHops.first?.interface else { return false }
        return isLinkRoute(to: other.destination, through: interface) && metric == other.metric
    }

    fileprivate func isSameConnected(as other: Route) -> Bool {
        guard let interface = other.nextHops.first?.interface else { return false }
        return isLinkRoute(to: other.destination, through: interface) && `protocol` == .kernel
            && metric == other.metric && preferredSource == other.preferredSource
    }
}
