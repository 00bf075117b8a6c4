import Netlink
import Plist

extension Memory {
    /// A replaced interface keeps its route table: its successor takes over the number.
    mutating func carryTables(_ bindings: StandingBindings) {
        for entry in bindings.replacedEntries {
            guard case .mac(let old) = entry, let new = bindings.replacement(of: entry),
                tables[new] == nil, let table = tables.removeValue(forKey: old)
            else { continue }
            tables[new] = table
        }
    }
}

extension Preview {
    /// What the neighbours must hear once the plan is made: of the addresses that a rebind names,
    /// moved or not (the one before it may have been killed before it could tell), and of every
    /// floating one that the plan adds.
    func announcements(_ rebind: ResolvedRebind?) -> [NeighbourAnnouncement] {
        let floating = Set(desired.floating.map(\.address))
        var named: [InterfaceIndex: Set<IPAddress>] = [:]
        for case .add(.address(let address)) in plan.changes.map(\.action)
        where floating.contains(address.address) {
            named[address.interface, default: []].insert(address.address)
        }
        if let rebind, let target = rebind.target {
            named[target.index, default: []].formUnion(
                rebind.isReplacement ? heldAddresses(target.index) : rebind.addresses)
        }
        return named.sorted { $0.key < $1.key }.flatMap { index, addresses in
            kernel.links.first { $0.index == index }
                .map { Announcer.announcements(of: addresses.sorted(), on: $0) } ?? []
        }
    }

    /// The global addresses that a link will have.
    private func heldAddresses(_ index: InterfaceIndex) -> [IPAddress] {
        let wanted = desired.wanted.compactMap { entry -> InterfaceAddress? in
            guard case .address(let address) = entry.object else { return nil }
            return address
        }
        return (wanted + kernel.addresses).filter { $0.interface == index && $0.isGlobal }
            .map(\.address)
    }
}

extension KernelState {
    /// Where what has been announced was before, if it was here.
    func places(of announced: [NeighbourAnnouncement]) -> [NeighbourAnnouncement] {
        let addresses = Set(announced.map(\.address))
        let byLink = Dictionary(
            grouping: self.addresses.filter { addresses.contains($0.address) }, by: \.interface)
        return links.flatMap { link in
            Announcer.announcements(of: (byLink[link.index] ?? []).map(\.address), on: link)
        }
    }
}

extension Plan {
    /// Says of addresses that come and go why they are not where the files have them.
    mutating func note(_ floating: [FloatingAddress]) {
        guard !floating.isEmpty else { return }
        let places = Dictionary(
            floating.map { ($0.address, $0) }, uniquingKeysWith: { first, _ in first })
        for index in changes.indices where changes[index].note == nil {
            switch changes[index].action {
            case .add(.address(let address)):
                guard let floating = places[address.address], !floating.isAtHome else { continue }
                changes[index].note = "bound here; its home is \(floating.home)"
            case .remove(.address(let address)):
                guard let floating = places[address.address] else { continue }
                changes[index].note = floating.place.map { "bound to \($0)" } ?? "released"
            default: break
            }
        }
    }
}
