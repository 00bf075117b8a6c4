import Netlink
import Plist

/// What the entries of merged files must be to each other.
struct ConfigChecker {
    let draft: ConfigDraft
    var reader: TreeReader
    /// Who lists an address first, as indices.
    private(set) var owners: [IPAddress: (interface: Int, entry: Int)] = [:]
    /// The subnets of the addresses of the interface that was looked at last.
    var latestSubnets: (of: SourceLocation, all: [IPPrefix])?

    init(draft: ConfigDraft, reader: TreeReader) {
        self.draft = draft
        self.reader = reader
    }

    mutating func check() {
        if draft.interfaces.isEmpty, draft.discovery == nil, !draft.isIncomplete {
            error("'Interfaces' is missing or empty; it lists every ENI", at: draft.location)
        }
        checkIdentities()
        checkAddresses()
        checkTables()
        checkRoutesApart()
        checkRules()
        checkSettings()
        for interface in draft.interfaces {
            check(interface)
            checkGateways(of: interface)
        }
    }

    mutating func error(_ message: String, at location: SourceLocation) {
        reader.error(message, at: location)
    }

    // MARK: Between interfaces

    private mutating func checkIdentities() {
        var macs: [MACAddress: SourceLocation] = [:]
        var names: [String: SourceLocation] = [:]
        var primary: InterfaceDraft?
        for interface in draft.interfaces {
            if let mac = interface.mac,
                let first = macs.updateValue(mac.location, forKey: mac.value)
            {
                reader.takenMAC(mac, first)
            }
            if let name = interface.name,
                let first = names.updateValue(name.location, forKey: name.value)
            {
                reader.takenName(name, first)
            }
            guard let isPrimary = interface.isPrimary, isPrimary.value else { continue }
            if let first = primary?.isPrimary {
                let place = first.location.place(from: isPrimary.location)
                error(
                    "a second Primary; the first is \(primary?.label ?? "") (\(place))",
                    at: isPrimary.location)
            } else {
                primary = interface
            }
        }
    }

    private mutating func checkAddresses() {
        let interfaces = draft.interfaces
        owners.reserveCapacity(interfaces.reduce(0) { $0 + $1.addresses.count })
        for (index, interface) in interfaces.enumerated() {
            for (entry, address) in interface.addresses.enumerated() {
                guard let first = owners[address.address] else {
                    owners[address.address] = (index, entry)
                    continue
                }
                let owner = interfaces[first.interface]
                let place = owner.addresses[first.entry].location.place(
                    from: address.location)
                let other = first.interface == index ? "" : " for \(owner.label)"
                error(
                    "\(address.address) is listed already\(other) (\(place))", at: address.location)
            }
        }
    }

    private mutating func checkTables() {
        var owners: [UInt32: (index: Int, location: SourceLocation)] = [:]
        for (index, interface) in draft.interfaces.enumerated() {
            guard let table = interface.table else { continue }
            guard let first = owners[table.value] else {
                owners[table.value] = (index, table.location)
                continue
            }
            let owner = draft.interfaces[first.index].label
            let place = first.location.place(from: table.location)
            error(
                "table \(table.value) is already that of \(owner) (\(place))",
                at: table.location)
        }
    }

    /// The kernel tells routes apart by table, destination and metric.
    private mutating func checkRoutesApart() {
        guard draft.interfaces.contains(where: { $0.routes?.isEmpty == false }) else { return }
        struct Key: Hashable {
            /// nil with the index: the table that an interface has without saying so.
            var table: UInt32?
            var index: Int?
            var destination: IPPrefix
            var metric: UInt32
        }
        var seen: [Key: SourceLocation] = [:]
        for (index, interface) in draft.interfaces.enumerated() {
            func key(_ table: UInt32?, _ destination: IPPrefix, _ metric: UInt32?) -> Key {
                let isIPv6 = destination.family == .ipv6
                let table = table ?? interface.table?.value
                return Key(
                    table: table, index: table == nil ? index : nil, destination: destination,
                    metric: isIPv6 && (metric ?? 0) == 0 ? 1024 : metric ?? 0)
            }
            for (family, gateway) in interface.gateways {
                guard case .address = gateway.choice else { continue }
                seen[key(nil, .default(family), nil)] = gateway.location
            }
            for route in (interface.routes ?? []).lazy.map(\.config) {
                let key = key(route.table, route.destination, route.metric)
                guard let first = seen.updateValue(route.location, forKey: key) else { continue }
                let place = first.place(from: route.location)
                error(
                    "\(route.destination) is routed already on \(place), "
                        + "in the same table with the same metric", at: route.location)
            }
        }
    }

    private mutating func checkRules() {
        var seen: [Rule: SourceLocation] = [:]
        var reported: Set<SourceLocation> = []
        for entry in draft.rules {
            guard let first = seen.updateValue(entry.location, forKey: entry.rule),
                reported.insert(entry.location).inserted
            else { continue }
            let place = first.place(from: entry.location)
            error("this is the rule of \(place) again", at: entry.location)
        }
    }

    // MARK: Within an interface

    private mutating func check(_ interface: InterfaceDraft) {
        if interface.name == nil, interface.mac == nil,
            interface.uncertain.isDisjoint(with: [.name, .macAddress])
        {
            error("an interface needs a Name or a MACAddress", at: interface.location)
        }
        if let priority = interface.rulePriority, !interface.uncertain.contains(.mainRoutes) {
            let mainRoutes = interface.mainRoutes ?? .prefer
            let range = RulePriority.sources(mainRoutes)
            if !range.contains(priority.value) {
                error(
                    "'RulePriority' must be from \(range.lowerBound) to \(range.upperBound) with "
                        + "MainRoutes = \(mainRoutes.rawValue), not \(priority.value)",
                    at: priority.location)
            }
        }
        guard let address = interface.firstIPv6Address else { return }
        if let mtu = interface.mtu, mtu.value < 1280 {
            error(
                "'MTU' must be at least 1280 with IPv6 addresses, not \(mtu.value)",
                at: mtu.location)
        }
        if let ipv6 = interface.ipv6, ipv6.value == .disabled {
            error(
                "IPv6 is disabled, but the interface has the address \(address)", at: ipv6.location)
        }
    }
}
