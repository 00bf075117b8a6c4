import Netlink

extension DesiredState {
    /// The kernel's own rules, the shared one, those of every source, and the file's.
    mutating func wantRules(_ config: Config, _ addresses: FinalAddresses, kernel: KernelState) {
        let mark = RouteProtocol(rawValue: config.protocol)
        // Two entries of one NIC are a conflict of their own.
        let interfaces = Dictionary(
            addresses.managed.map { ($0.index, $0) }, uniquingKeysWith: { first, _ in first })

        for family in AddressFamily.allCases {
            let isShared = paths.contains {
                $0.family == family && interfaces[$0.interface]?.config.mainRoutes == .prefer
            }
            guard isShared else { continue }
            want(
                .rule(
                    Rule(
                        family: family, priority: RulePriority.shared, table: RouteTable.main,
                        suppressPrefixLength: 0, suppressInterfaceGroup: config.linkGroup,
                        protocol: mark)),
                from: nil)
        }
        for entry in config.rules {
            want(.rule(entry.rule.marked(mark)), from: entry.location)
        }
        for path in paths {
            guard let interface = interfaces[path.interface] else { continue }
            for prefix in path.prefixes {
                // A prefix may hold addresses of nobody: what is forwarded is not its business.
                var rule = Rule(
                    family: path.family, priority: interface.config.rulePriority, source: prefix,
                    incomingInterface: prefix.isHost ? nil : "lo", table: path.table,
                    protocol: mark)
                want(.rule(rule), from: interface.config.location, of: interface.index)
                guard path.failsClosed else { continue }
                rule.priority = RulePriority.failClosed
                rule.action = .unreachable
                rule.table = 0
                want(.rule(rule), from: interface.config.location, of: interface.index)
            }
        }
    }

    /// `ip rule flush` removes the kernel's own rules too; without them main is never asked.
    mutating func wantKernelRules(_ kernel: KernelState) {
        let own: [(AddressFamily, UInt32, UInt32)] = [
            (.ipv4, 32766, RouteTable.main), (.ipv4, 32767, RouteTable.default),
            (.ipv6, 32766, RouteTable.main),
        ]
        for (family, priority, table) in own where family == .ipv4 || kernel.hasIPv6 {
            let rule = Rule(family: family, priority: priority, table: table, protocol: .kernel)
            let isThere = kernel.rules.contains {
                $0.priority == priority && $0.identity == rule.identity
            }
            if !isThere {
                warn(nil, "the kernel's own rule \(priority) (\(family)) is gone; it is put back")
            }
            want(.rule(rule), from: nil)
        }
    }
}
