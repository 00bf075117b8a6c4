import DataPlane
import Netlink

extension Translation {
    /// An entry of `Interfaces`.
    func entry(of index: Int) -> Piece {
        let interface = host.interfaces[index]
        let defaults = DefaultRoutes(of: index, in: self)
        var entries: [Piece] = []
        if let name = interface.name {
            entries.append(.string("Name", name, origin(index, name)))
        }
        if let mac = interface.mac {
            entries.append(.string("MACAddress", "\(mac)", origin(index, "\(mac)")))
        }
        if index == primary { entries.append(.string("Primary", "YES")) }
        if !interface.isManaged { entries.append(.string("Managed", "NO")) }
        if interface.activationPolicy != .up {
            entries.append(.string("ActivationPolicy", interface.activationPolicy.rawValue))
        }
        entries += addresses(of: interface)
        entries += defaults.pieces
        entries += table(of: index)
        if let metric = defaults.routeMetric { entries.append(.string("RouteMetric", metric)) }
        let routes = OwnRoutes(of: index, in: self, defaults: defaults)
        if !routes.pieces.isEmpty { entries.append(.array("Routes", routes.pieces)) }
        if let mtu = interface.mtu { entries.append(.string("MTU", "\(mtu.value)", mtu.origin)) }
        if let (setting, origin) = interface.ipv6 {
            entries.append(.string("IPv6", setting.rawValue, origin))
        }
        if let filter = interface.reversePathFilter {
            let word = ["off", "strict", "loose"][Int(min(filter.value, 2))]
            entries.append(.string("ReversePathFilter", word, filter.origin))
        }
        if let sysctls = interfaceSysctls[index] {
            entries.append(.dictionary("Sysctl", sysctls))
        }
        entries += (defaults.notes + routes.notes + interface.notes).map { .comment($0) }
        return .dictionary(nil, entries, Origin(interface.place, interface.label))
    }

    private func origin(_ index: Int, _ text: String) -> Origin {
        Origin(host.interfaces[index].place, text)
    }

    private func addresses(of interface: ImportedInterface) -> [Piece] {
        var pieces: [Piece] = []
        if interface.isExternal {
            pieces.append(.string("Addressing", "external"))
            if interface.addresses.contains(where: { $0.address.family == .ipv4 }) {
                pieces.append(
                    .comment("added once DHCP has given an address of the same subnet"))
            }
        } else if interface.automatic.contains(.ipv6) {
            pieces.append(
                .comment("IPv6 comes by router advertisements: those addresses have their rules"))
        }
        let ordered = AddressFamily.allCases.flatMap { family in
            interface.addresses.filter { $0.address.family == family }
        }
        let elements = ordered.map { address -> Piece in
            let text = "\(address.address)/\(address.length)"
            guard address.noDAD, address.address.family == .ipv6 else {
                return .string(nil, text, address.origin)
            }
            return .dictionary(
                nil, [.string("Address", text), .string("NoDAD", "YES")], address.origin)
        }
        if !elements.isEmpty { pieces.append(.array("Addresses", elements)) }
        return pieces
    }

    /// `Table`, and the rules that come with it.
    private func table(of index: Int) -> [Piece] {
        guard let table = tables[index] else { return [] }
        var pieces: [Piece] = []
        let rules = (covered[index] ?? []).filter { $0.removal != nil }
        if !rules.isEmpty {
            let number = rules.count == 1 ? "this rule" : "these rules"
            let hint = rules.allSatisfy(\.hasPriority) ? "" : " (N as ip rule has it)"
            pieces.append(
                .comment("rtsetup makes \(number) by itself; after apply, delete theirs\(hint):"))
            for rule in rules {
                let place = rule.origin.place.map { "    # \($0)" } ?? ""
                pieces.append(.comment("    \(rule.removal ?? "")\(place)"))
            }
        }
        let origin = covered[index]?.first?.origin ?? origin(index, "table \(table)")
        pieces.append(.string("Table", "\(table)", origin))
        return pieces
    }
}
