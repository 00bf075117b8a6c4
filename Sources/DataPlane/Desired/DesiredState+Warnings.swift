import Netlink
import Plist

/// What the plan lets stand, and a person should know.
extension DesiredState {
    struct MainDefault {
        var family: AddressFamily
        var interface: InterfaceIndex
        var metric: UInt32
        var origin: SourceLocation?
    }

    /// The default routes that the plan wants in main.
    func mainDefaults() -> [MainDefault] {
        wanted.compactMap { entry in
            guard case .route(let route) = entry.object, route.table == RouteTable.main,
                route.destination.isDefault, let interface = route.nextHops.first?.interface
            else { return nil }
            return MainDefault(
                family: route.family, interface: interface, metric: route.effectiveMetric,
                origin: entry.origin)
        }
    }

    mutating func checkMain(
        _ addresses: FinalAddresses, _ names: InterfaceNames, unlisted: [Link],
        kernel: KernelState, memory: Memory
    ) {
        let managed = Set(addresses.managed.map(\.index))
        let primary = addresses.managed.first { $0.config.isPrimary }
        let foreign = kernel.routes.filter {
            $0.table == RouteTable.main && !memory.owns($0)
        }
        for route in foreign {
            func words() -> String { KernelObject.route(route).description(names: names) }
            let hops = Set(route.nextHops.compactMap(\.interface))
            // The kernel's own last resort of IPv6 is no decision of anybody.
            let isLastResort = route.metric == .max
            if route.destination.isDefault, route.isReject, !isLastResort {
                warn(nil, "main has \(words()): it ends every lookup that reaches main")
            } else if (1...3).contains(route.destination.length), !hops.isSubset(of: managed) {
                warn(
                    nil,
                    "\(words()) in main takes a large part of the internet past the ENIs' tables; "
                        + "the cure is MainRoutes = ignore")
            } else if hops.count > 1, !hops.isSubset(of: managed), !hops.isDisjoint(with: managed) {
                warn(
                    nil,
                    "\(words()) in main mixes ENIs and others; the cure is MainRoutes = ignore")
            }
        }
        let planned = mainDefaults()
        for family in AddressFamily.allCases {
            let theirs = foreign.filter {
                $0.family == family && $0.destination.isDefault && $0.type == .unicast
            }.compactMap { route in
                route.nextHops.first?.interface.map { ($0, route.effectiveMetric) }
            }
            let ours = planned.filter { $0.family == family }.map { ($0.interface, $0.metric) }
            guard let best = (theirs + ours).min(by: { $0.1 < $1.1 })?.0 else { continue }
            if let primary {
                guard !primary.globalAddresses(family).isEmpty, best != primary.index,
                    managed.contains(best)
                else { continue }
                warn(
                    primary.config.location,
                    "main's best \(family) default route is on \(names.name(of: best)), not on the "
                        + "primary \(primary.link.name) (a DHCP client without DEFROUTE=no?)")
            } else if let link = unlisted.first(where: { $0.index == best }),
                link.identifyingMAC != nil
            {
                warn(
                    nil,
                    "main's best \(family) default route is on \(link.name), which is not in the "
                        + "file: its subnet is reached through it from the ENIs' addresses too; "
                        + "add { Name = \(link.name); Primary = YES; Addressing = external; }")
            }
        }
    }

    /// A route of the file that leads the sources of one ENI out of another.
    mutating func warnOfOtherWaysOut(_ addresses: FinalAddresses) {
        let names = Dictionary(addresses.managed.map { ($0.index, $0.link.name) }) { $1 }
        for entry in wanted {
            guard case .route(let route) = entry.object, route.table != RouteTable.main,
                let path = paths.first(where: {
                    $0.table == route.table && $0.family == route.family
                }),
                let home = names[path.interface],
                let other = route.nextHops.lazy.compactMap(\.interface)
                    .filter({ $0 != path.interface }).compactMap({ names[$0] }).first
            else { continue }
            warn(
                entry.origin,
                "\(route.destination) leaves by \(other) in table \(route.table), which is "
                    + "\(home)'s: so do packets with \(home)'s addresses as source")
        }
    }

    /// What main sends through a link of the ENIs' group is passed over.
    mutating func warnOfStrangersInGroup(_ config: Config, _ host: Host, _ memory: Memory) {
        let handsOff = host.entries.compactMap { $0.config.isManaged ? nil : $0.link }
        for link in host.unlisted + handsOff where link.group == config.linkGroup {
            let group = LinkSetting(interface: link.index, .group(link.group))
            // The plan takes it back.
            guard memory.settings[group.identity]?.ours != .link(group) else { continue }
            warn(
                nil,
                "\(link.name) is in group \(link.group), which is the managed ENIs': their addresses "
                    + "do not use main's routes through it; ip link set dev \(link.name) group 0, or "
                    + "write another LinkGroup")
        }
    }

    /// Settings bear no mark: without the state folder only the group tells whose a link was.
    mutating func warnOfForgottenSettings(_ kernel: KernelState) {
        for link in kernel.links where link.group == Config().linkGroup {
            warn(
                nil,
                "\(link.name) is in group \(link.group), and nothing is remembered of what it was "
                    + "before: its group, MTU, admin state and sysctls are left as they are "
                    + "(ip link set \(link.name) group 0)")
        }
    }

    mutating func checkTables(
        _ names: InterfaceNames, kernel: KernelState, memory: Memory
    ) {
        let tables = Set(paths.map(\.table))
        for route in kernel.routes
        where tables.contains(route.table) && !memory.owns(route)
            && !wants(route.identity)
        {
            warn(
                nil,
                "a foreign route is in a table of ours: "
                    + KernelObject.route(route).description(names: names))
        }
    }

    mutating func checkAddresses(
        _ addresses: FinalAddresses, kernel: KernelState, memory: Memory
    ) {
        for interface in addresses.managed
        where interface.config.addressing == .static
            && interface.config.activationPolicy != .down
        {
            for address in interface.foreignAddresses where address.isGlobal {
                warn(
                    interface.config.location,
                    "\(interface.link.name) has \(address.address)/\(address.prefixLength), "
                        + "which is not in the file; it is left alone, and has its rule")
            }
            warnOfLateFirst(interface, kernel: kernel, memory: memory)
        }
        for interface in addresses.managed where interface.config.addressing == .external {
            warnOfLateLeases(interface, kernel: kernel, memory: memory)
        }
        for path in paths where path.gateway == nil {
            guard let interface = addresses.managed.first(where: { $0.index == path.interface })
            else { continue }
            let name = interface.link.name
            let hasDefault =
                interface.autoDefault(path.family, memory: memory) != nil
            if interface.config.isPrimary, hasDefault, path.failsClosed {
                warn(
                    interface.config.failClosed?.location,
                    "\(path.family) addresses of the primary \(name) would lose their default "
                        + "route; write Gateway = auto")
            } else if !interface.config.isPrimary, !path.failsClosed {
                warn(
                    interface.config.location,
                    "\(name) has no \(path.family) gateway: what its table cannot route leaves "
                        + "through another interface; FailClosed = YES stops that")
            }
        }
    }

    mutating func checkReversePath(
        _ config: Config, _ addresses: FinalAddresses, _ kernel: KernelState
    ) {
        let all = SysctlName.interface("all", "ipv4", "rp_filter")
        let isInFile = config.sysctls.contains { $0.name == all }
        let global = isInFile ? nil : kernel.sysctls[all].flatMap { UInt8($0) }
        for interface in addresses.managed {
            guard let filter = interface.config.reversePathFilter else { continue }
            if let global, global > filter.value.rawValue {
                warn(
                    filter.location,
                    "\(all) is \(global), and the kernel uses the larger: the effective value on "
                        + "\(interface.link.name) is \(global)")
            }
            if filter.value == .strict, addresses.sharesSubnet(interface) {
                warn(
                    filter.location,
                    "strict on \(interface.link.name), which shares a subnet: its multicast and "
                        + "broadcast are dropped")
            }
        }
    }
}
