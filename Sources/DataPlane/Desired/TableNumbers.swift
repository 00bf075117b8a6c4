import Netlink

/// Which route table each interface has.
///
/// A number is handed out once and remembered by MAC, so that an ENI that comes later never
/// renumbers another: 1000 + index where that is free, else the lowest free one from 1001.
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
            func isFree(_ table: UInt32) -> Bool {
                guard !taken.contains(table) else { return false }
                return (occupants[table] ?? []).allSatisfy { $0 == links[index]?.index }
            }
            let preferred = 1000 + UInt32(interface.index)
            let table =
                isFree(preferred) ? preferred : (1001...).first(where: isFree) ?? preferred
            taken.insert(table)
            tables.append(table)
            if let mac = macs[index], interface.isManaged { new[mac] = table }
        }
    }
}
