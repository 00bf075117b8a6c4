import Netlink

/// Which route table each interface has.
///
/// A number is handed out once and remembered by MAC, so that an ENI that comes later never
/// renumbers another: 1000 + index where that is free, else the lowest free one from 1001. It is
/// not free where another interface or somebody else's rule uses it.
struct TableNumbers {
    var tables: [UInt32]
    var new: [MACAddress: UInt32] = [:]

    init(
        _ interfaces: [InterfaceConfig], links: [Link?], kernel: KernelState, memory: Memory
    ) {
        let macs = zip(interfaces, links).map { $0.mac?.value ?? $1?.identifyingMAC }
        let written = Dictionary(
            interfaces.compactMap { interface in interface.table.map { ($0.value, interface) } },
            uniquingKeysWith: { first, _ in first })
        var owners: [UInt32: MACAddress] = [:]
        for (mac, table) in memory.tables where written[table] == nil { owners[table] = mac }
        var taken = Set(written.keys).union(owners.keys)
        taken.formUnion([RouteTable.default, RouteTable.main, RouteTable.local])

        var occupants: [UInt32: Set<InterfaceIndex?>] = [:]
        for route in kernel.routes where route.table >= 1000 && !memory.owns(route) {
            occupants[route.table, default: []].insert(route.nextHops.first?.interface)
        }

        var users: [UInt32: Set<Int>] = [:]
        for (index, interface) in interfaces.enumerated() {
            for table in interface.routes.compactMap(\.table) {
                users[table, default: []].insert(index)
            }
        }
        let rules = kernel.rules.filter { $0.table >= 1000 && !memory.owns($0) }

        tables = []
        for (index, interface) in interfaces.enumerated() {
            if let table = interface.table?.value {
                tables.append(table)
                continue
            }
            if let mac = macs[index], let table = memory.tables[mac], owners[table] == mac {
                tables.append(table)
                continue
            }
            let preferred = 1000 + UInt32(interface.index)
            func isFree(_ table: UInt32) -> Bool {
                guard !taken.contains(table) else { return false }
                let link = links[index]?.index
                return (occupants[table] ?? []).allSatisfy { $0 == link }
                    && (users[table] ?? []).allSatisfy { $0 == index && table == preferred }
                    && rules.allSatisfy { $0.table != table || kernel.holds($0.source, on: link) }
            }
            let table =
                isFree(preferred) ? preferred : (1001...).first(where: isFree) ?? preferred
            taken.insert(table)
            tables.append(table)
            if let mac = macs[index], interface.isManaged { new[mac] = table }
        }
    }
}

extension KernelState {
    /// Whether an interface has an address in a rule's source: the rule leads to a table for it.
    fileprivate func holds(_ source: IPPrefix?, on interface: InterfaceIndex?) -> Bool {
        guard let source else { return false }
        return addresses.contains {
            $0.interface == interface && source.contains($0.address)
        }
    }
}
