public import Netlink
import RPSTuner
import Plist

extension Config {
    /// The sysctls that a plan must know, given the links that are there.
    public func sysctlsToObserve(_ links: [Link], memory: Memory) -> Set<SysctlName> {
        var names: Set<SysctlName> = []
        names.reserveCapacity(8 * (interfaces.count + sysctls.count))
        for key in ["rp_filter", "promote_secondaries"] {
            names.insert(.interface("all", "ipv4", key))
        }
        for sysctl in sysctls {
            names.insert(sysctl.name)
            names.formUnion(sysctl.name.overwrites(links))
        }
        if interfaces.contains(where: \.usesFlowTable) { names.insert(.flowTable) }
        for interface in interfaces where interface.isManaged {
            for link in links where interface.means(link) {
                for key in ["rp_filter", "arp_ignore", "arp_announce", "promote_secondaries"] {
                    names.insert(.interface(link.name, "ipv4", key))
                }
                for key in ["disable_ipv6", "mtu"] {
                    names.insert(.interface(link.name, "ipv6", key))
                }
                for sysctl in interface.sysctls {
                    names.insert(.interface(link.name, sysctl.family, sysctl.key))
                }
            }
        }
        return names.union(memory.sysctlsToObserve)
    }
}

extension Memory {
    /// The sysctls that we changed and may have to give back.
    public var sysctlsToObserve: Set<SysctlName> {
        Set(
            settings.keys.compactMap {
                guard case .sysctl(let name) = $0 else { return nil }
                return name
            })
    }
}

extension InterfaceConfig {
    /// Whether the entry can mean this link.
    func means(_ link: Link) -> Bool {
        if let mac = mac?.value { return link.identifyingMAC == mac }
        return link.answers(to: name?.value)
    }
}

extension InterfaceConfig {
    fileprivate var usesFlowTable: Bool {
        if case .entries = queues?.policy.rfs { true } else { false }
    }
}

extension DesiredState {
    /// Sysctls, MTU, group and admin state.
    mutating func wantSettings(
        _ config: Config, _ addresses: FinalAddresses, kernel: KernelState, memory: Memory
    ) {
        let promotion = SysctlName.interface("all", "ipv4", "promote_secondaries")
        // What is ours there may go.
        let allPromote =
            kernel.sysctls[promotion] == "1" && memory.settings[.sysctl(promotion)] == nil
            && !config.sysctls.contains { $0.name == promotion }
        let named = Set(config.sysctls.map(\.name))
        for interface in addresses.managed {
            wantLink(interface, group: config.linkGroup)
            guard interface.config.activationPolicy != .down else { continue }
            wantSysctls(
                of: interface, addresses, kernel: kernel, promotes: !allPromote, besides: named)
        }
        for sysctl in config.sysctls {
            let owner = sysctl.name.ofInterface.flatMap { name in
                kernel.links.first { $0.name == name.interface }?.index
            }
            refuseOtherValue(of: sysctl)
            wantSysctl(sysctl.name, sysctl.value, sysctl.location, owner, kernel, isHost: true)
        }
    }

    /// By a MAC or another name than that of the link an interface escapes the reader's eye.
    private mutating func refuseOtherValue(of sysctl: SysctlConfig) {
        guard let wanted = self[.sysctl(sysctl.name)], case .sysctl(let setting) = wanted.object,
            !setting.hasSameValue(as: sysctl.value)
        else { return }
        let place = wanted.origin.map { " (\($0.place(from: sysctl.location)))" } ?? ""
        conflict(
            sysctl.location,
            "\(sysctl.name) = \(sysctl.value), but its interface needs \(setting.value)\(place)",
            of: wanted.owner.map { [$0] } ?? [], leaving: .object(wanted.object.identity))
    }

    private mutating func wantLink(_ interface: ManagedInterface, group: UInt32) {
        let config = interface.config
        func link(_ value: LinkSetting.Value) -> KernelObject {
            .link(LinkSetting(interface: interface.index, value))
        }
        if config.activationPolicy == .down {
            want(link(.up(false)), from: config.location, of: interface.index)
            return
        }
        if let mtu = config.mtu {
            if let maximum = interface.link.maximumMTU, mtu.value > maximum {
                conflict(
                    mtu.location,
                    "MTU \(mtu.value) is above what \(interface.link.name) can do (\(maximum))",
                    of: [interface.index], leaving: .object(.mtu(interface.index)))
            }
            if let minimum = interface.link.minimumMTU, mtu.value < minimum {
                conflict(
                    mtu.location,
                    "MTU \(mtu.value) is below what \(interface.link.name) can do (\(minimum))",
                    of: [interface.index], leaving: .object(.mtu(interface.index)))
            }
            want(link(.mtu(mtu.value)), from: mtu.location, of: interface.index)
        }
        want(link(.group(group)), from: config.location, of: interface.index)
        switch config.activationPolicy {
        case .up: want(link(.up(true)), from: config.location, of: interface.index)
        case .manual: leftAlone.insert(.up(interface.index))
        case .down: break
        }
    }

    /// - Parameters:
    ///   - promotes: whether it must promote secondaries by itself.
    ///   - named: what the top level sets, and no default of a key does.
    private mutating func wantSysctls(
        of interface: ManagedInterface, _ addresses: FinalAddresses, kernel: KernelState,
        promotes: Bool, besides named: Set<SysctlName>
    ) {
        let config = interface.config
        let name = interface.link.name
        func want(_ family: String, _ key: String, _ value: String, _ location: SourceLocation) {
            wantSysctl(
                .interface(name, family, key), value, location, interface.index, kernel,
                isHost: false)
        }
        func isNamed(_ key: String) -> Bool { named.contains(.interface(name, "ipv4", key)) }
        for sysctl in config.sysctls {
            want(sysctl.family, sysctl.key, sysctl.value, sysctl.location)
        }
        if let filter = config.reversePathFilter {
            want("ipv4", "rp_filter", "\(filter.value.rawValue)", filter.location)
        }
        if config.arp == .strict
            || config.arp == .auto && addresses.sharesSubnet(interface)
                && !isNamed("arp_ignore") && !isNamed("arp_announce")
        {
            want("ipv4", "arp_ignore", "1", config.arpLocation ?? config.location)
            want("ipv4", "arp_announce", "2", config.arpLocation ?? config.location)
        }
        if promotes, !isNamed("promote_secondaries"),
            interface.addresses.contains(where: { $0.family == .ipv4 })
        {
            want("ipv4", "promote_secondaries", "1", config.location)
        }
        switch config.ipv6 {
        case .unchanged: break
        case .disabled where !kernel.hasIPv6: break
        case .enabled where !kernel.hasIPv6:
            conflict(config.ipv6Location ?? config.location, "this kernel has no IPv6")
        case .enabled where interface.mtuThen < 1280:
            conflict(
                config.ipv6Location ?? config.location,
                "the MTU of \(name) is \(interface.mtuThen), and an interface has no IPv6 under "
                    + "1280; write MTU = 1280 or more",
                of: [interface.index], leaving: .family(.ipv6))
        // The setting goes with the last MTU that IPv6 can use, and comes with the first.
        case .disabled where interface.mtuThen < 1280:
            leftAlone.insert(.sysctl(.interface(name, "ipv6", "disable_ipv6")))
        case .enabled where interface.link.mtu < 1280: break
        case .enabled, .disabled:
            want(
                "ipv6", "disable_ipv6", config.ipv6 == .enabled ? "0" : "1",
                config.ipv6Location ?? config.location)
        }
    }

    private mutating func wantSysctl(
        _ name: SysctlName, _ value: String, _ location: SourceLocation,
        _ owner: InterfaceIndex?, _ kernel: KernelState, isHost: Bool
    ) {
        if kernel.sysctls[name] == nil {
            let isAbsentLink =
                name.ofInterface.map { named in
                    !["all", "default"].contains(named.interface)
                        && !kernel.links.contains { $0.name == named.interface }
                } ?? false
            if isHost && isAbsentLink {
                warn(location, "\(name): no such interface now; it is set when it appears")
            } else if let small = name.linkWithoutIPv6(kernel.links) {
                conflict(
                    location,
                    "no sysctl \(name) while the MTU of \(small.name) is \(small.mtu): an interface "
                        + "has no IPv6 under 1280; first: ip link set dev \(small.name) mtu 1280",
                    of: [small.index], leaving: .family(.ipv6))
            } else {
                conflict(
                    location, "no sysctl \(name) on this host, or it cannot be read",
                    of: owner.map { [$0] } ?? [], leaving: .nothing)
            }
            return
        }
        want(
            .sysctl(SysctlSetting(name: name, value: value, interface: owner)), from: location,
            of: owner)
    }
}

extension SysctlName {
    /// The interface whose MTU leaves no room for this IPv6 setting of it.
    fileprivate func linkWithoutIPv6(_ links: [Link]) -> Link? {
        guard let named = ofInterface, named.family == "ipv6" else { return nil }
        return links.first { $0.name == named.interface && $0.mtu < 1280 }
    }
}

extension SysctlSetting {
    /// Values are compared word by word: the kernel separates with tabs what people write with
    /// blanks.
    func hasSameValue(as other: String) -> Bool {
        if value == other { return true }
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\n" }
        return value.split(whereSeparator: isBlank) == other.split(whereSeparator: isBlank)
    }
}
