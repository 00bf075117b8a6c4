import Netlink
import Plist

extension DesiredState {
    /// Sees the files with the eyes of this host.
    ///
    /// - Parameters:
    ///   - kernel: an observation that holds the sysctls of `sysctlsToObserve`.
    ///   - memory: what earlier runs remember.
    public init(_ config: Config, kernel: KernelState, memory: Memory) {
        self.init(nothingButKernelRules: kernel, memory: memory)
        self.protocol = config.protocol
        protocols.insert(config.protocol)

        let host = Host(config, kernel: kernel, memory: memory)
        newTables = host.newTables
        meet(host, config)
        floating = config.floating.map { $0.named(by: host.entries) }
        if let discovery = config.discovery, !discovery.isRead, memory.discovery == discovery.path {
            // An absence is no complete discovery: it takes nothing away.
            conflict(
                discovery.location,
                "\(discovery.path) is gone, and what it gave is configured; start rtdiscover, or "
                    + "take Discovery out")
        }
        guard !isBlocked else { return }

        var memory = memory
        memory.protocols = protocols
        let addresses = FinalAddresses(
            host, kernel: kernel, memory: memory, protocol: config.protocol, reporting: &self)

        wantSettings(config, addresses, kernel: kernel, memory: memory)
        wantQueues(kernel: kernel, memory: memory)
        reserveAddresses(addresses.managed.reduce(0) { $0 + $1.ownAddresses.count })
        for interface in addresses.managed {
            for (address, origin) in interface.ownAddresses {
                want(.address(address), from: origin.location, of: interface.index)
            }
        }
        for interface in addresses.managed where interface.config.activationPolicy != .down {
            for family in AddressFamily.allCases {
                guard
                    let path = sourcePath(
                        of: interface, family, addresses, memory: memory)
                else { continue }
                paths.append(path)
            }
            wantRoutes(of: interface, addresses, kernel: kernel, memory: memory)
        }
        wantRules(config, addresses, kernel: kernel)
        check(config, host, addresses, kernel: kernel, memory: memory)
    }

    /// Sees the files' `Queues` with the eyes of this host, and nothing else.
    init(queuesOf config: Config, kernel: KernelState, memory: Memory) {
        self.init(nothingButKernelRules: kernel, memory: memory)
        isOfQueuesAlone = true
        meet(Host(config, kernel: kernel, memory: memory), config)
        guard !isBlocked else { return }
        wantQueues(kernel: kernel, memory: memory)
    }

    private mutating func meet(_ host: Host, _ config: Config) {
        interfaces = host.entries.map { ($0.config, $0.link, $0.table) }
        conflicts += host.findings.conflicts
        warnings += host.findings.warnings
        conflicts += config.bindingDiagnostics.filter { $0.severity == .error }.map { Conflict($0) }
        warnings += config.bindingDiagnostics.filter { $0.severity == .warning }
        released = Set(
            host.entries.compactMap { $0.config.isManaged ? nil : $0.link?.index })
    }

    /// How sources of this family leave by the interface; nil: main decides, as ever.
    private mutating func sourcePath(
        of interface: ManagedInterface, _ family: AddressFamily, _ all: FinalAddresses,
        memory: Memory
    ) -> SourcePath? {
        let config = interface.config
        let held = interface.globalAddresses(family)
        guard !held.isEmpty else { return nil }
        let gatewayConfig = config.gateways[family]
        let gateway = interface.gateway(family, memory: memory)
        if gateway == nil, gatewayConfig?.choice == .auto {
            if config.isPrimary {
                warn(
                    gatewayConfig?.location,
                    "no \(family) default route through \(interface.link.name) in main to take "
                        + "the gateway from; the primary's \(family) goes on using main")
                return nil
            }
            warn(
                gatewayConfig?.location,
                "no \(family) default route through \(interface.link.name) in main to take "
                    + "the gateway from")
        }
        let failsClosed = config.failClosed?.value ?? (gateway != nil && !config.isPrimary)
        if config.failClosed?.value == true {
            if gateway == nil {
                warn(
                    config.failClosed?.location,
                    "FailClosed without a gateway: \(family) from \(interface.link.name) reaches "
                        + "nothing but its own subnets")
            } else if config.isPrimary && config.addressing == .external {
                warn(
                    config.failClosed?.location,
                    "FailClosed on an external primary: when the lease is lost, nothing from its "
                        + "addresses leaves the host")
            }
        }
        return SourcePath(
            interface: interface.index, family: family, table: interface.table,
            prefixes: sourcePrefixes(of: interface, family, held, all), gateway: gateway,
            failsClosed: failsClosed)
    }

    /// The prefixes that `RuleSource` makes of the addresses. They never overlap.
    private mutating func sourcePrefixes(
        of interface: ManagedInterface, _ family: AddressFamily, _ held: [InterfaceAddress],
        _ all: FinalAddresses
    ) -> [IPPrefix] {
        let source = interface.config.ruleSource?.value ?? .auto
        let mine = held.map(\.address).sortedOnce()
        // A lease that is still to come may lie in any subnet, and has no rule before it is seen.
        guard source != .address, source == .subnet || !all.awaitsLease else {
            return mine.map { .host($0) }
        }

        var prefixes: [IPPrefix] = []
        var others: [IPAddress] = []
        // Sorted, a wider subnet comes before those inside it.
        let subnets = held.map { IPPrefix($0.address, length: $0.prefixLength) }.sortedOnce()
        for subnet in subnets {
            if let last = prefixes.last, last.contains(subnet) { continue }
            let strangers = Array(all.strangers(to: interface.index, in: subnet))
            others += strangers
            guard let stranger = strangers.first else {
                prefixes.append(subnet)
                continue
            }
            guard source == .subnet else { continue }
            conflict(
                interface.config.ruleSource?.location,
                "RuleSource = subnet on \(interface.link.name), but another interface has "
                    + "\(stranger) in \(subnet); use auto or address",
                of: [interface.index], leaving: .nothing)
        }
        let rest = mine.filter { !prefixes.overlap(.host($0)) }
        // What covers the rest of a subnet may hold a smaller one of which all is ours.
        return (prefixes + SourcePrefixes.cover(rest, avoiding: others)).outermost()
    }
}

extension ManagedInterface {
    /// The gateway of a family: the file's, or with `auto` that of the best default route that
    /// somebody else has put on this link.
    func gateway(_ family: AddressFamily, memory: Memory) -> IPAddress? {
        switch config.gateways[family]?.choice {
        case .address(let gateway): gateway
        case .auto: autoDefault(family, memory: memory)?.nextHops.first?.gateway
        case nil, .some(.none): nil
        }
    }

    /// The foreign default route of main that `Gateway = auto` reads.
    func autoDefault(_ family: AddressFamily, memory: Memory) -> Route? {
        mainRoutes.filter {
            $0.family == family && $0.destination.isDefault && $0.type == .unicast
                && !memory.owns($0) && $0.nextHops.count == 1 && $0.nextHops[0].gateway != nil
        }.min { $0.effectiveMetric < $1.effectiveMetric }
    }
}
