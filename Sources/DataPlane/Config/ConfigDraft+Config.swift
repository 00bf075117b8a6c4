import Netlink
import Plist

extension ConfigDraft {
    /// With every default that needs no kernel.
    var config: Config {
        var config = Config()
        config.interfaces = interfaces.enumerated().map { $0.element.config(index: $0.offset) }
        config.rules = rules
        config.sysctls = sysctls.map {
            SysctlConfig(name: $0.name.canonical, value: $0.value, location: $0.location)
        }
        config.protocol = self.protocol ?? config.protocol
        config.linkGroup = linkGroup ?? config.linkGroup
        return config
    }
}

extension InterfaceDraft {
    fileprivate func config(index: Int) -> InterfaceConfig {
        var config = InterfaceConfig(location: location, index: index)
        config.name = name
        config.mac = mac
        config.isPrimary = isPrimary?.value ?? config.isPrimary
        config.isManaged = isManaged ?? config.isManaged
        config.isRequired = isRequired ?? config.isRequired
        config.activationPolicy = activationPolicy ?? config.activationPolicy
        config.addressing = addressing ?? config.addressing
        config.addresses = addresses
        for family in AddressFamily.allCases { config.gateways[family] = gateway(family) }
        config.gatewayOnLink = gatewayOnLink ?? config.gatewayOnLink
        config.table = table
        config.routeMetric = routeMetric
        config.mainRoutes = mainRoutes ?? config.mainRoutes
        config.rulePriority =
            rulePriority?.value
            ?? (config.mainRoutes == .prefer ? RulePriority.source : RulePriority.sourceBeforeMain)
        config.ruleSource = ruleSource
        config.failClosed = failClosed
        config.routes = (routes ?? []).map(\.config)
        config.mtu = mtu
        config.ipv6 = ipv6?.value ?? (enablesIPv6 ? .enabled : .unchanged)
        config.ipv6Location = ipv6?.location
        config.reversePathFilter = reversePathFilter
        config.arp = arp?.value ?? (setsARPItself ? .unchanged : .auto)
        config.arpLocation = arp?.location
        config.sysctls = sysctls
        config.queues = queues
        return config
    }

    /// A family that a given `Gateway` passes over has none; without the key `Addressing` decides.
    private func gateway(_ family: AddressFamily) -> GatewayConfig {
        if let gateway = gateways[family] { return gateway }
        let isFollowed = gateways.isEmpty && addressing == .external
        return GatewayConfig(isFollowed ? .auto : .none, at: location)
    }

    /// Its own `disable_ipv6` speaks for itself.
    private var enablesIPv6: Bool {
        addresses.contains { $0.address.family == .ipv6 }
            && !sysctls.contains { $0.family == "ipv6" && $0.key == "disable_ipv6" }
    }

    /// Its own `arp_*` sysctls leave nothing to `ARP = auto`.
    private var setsARPItself: Bool {
        sysctls.contains {
            $0.family == "ipv4" && ($0.key == "arp_ignore" || $0.key == "arp_announce")
        }
    }
}
