import Netlink
import Plist

extension Planner {
    /// Addresses that are missing, differ in place, or are ours and no longer wanted.
    mutating func planAddresses() {
        let observed = Dictionary(
            kernel.addresses.enumerated().map { ($1.identity, $0) },
            uniquingKeysWith: { first, _ in first })
        var replaced: Set<InterfaceAddress.Identity> = []
        if memory.createdAddresses.isEmpty {
            memory.createdAddresses.reserveCapacity(desired.wanted.count)
        }
        for entry in desired.wanted {
            guard case .address(let address) = entry.object else { continue }
            guard let there = observed[address.identity].map({ kernel.addresses[$0] }) else {
                addAddress(address, entry, replacing: &replaced)
                continue
            }
            if !past.owns(there) && !options.adopt { continue }
            memory.createdAddresses.insert(address.identity)
            if there.flags.contains(.dadFailed) {
                let duplicate = Diagnostic(
                    .warning, at: entry.origin,
                    "\(address.address) on \(names.name(of: address.interface)): "
                        + "\(Renewal.duplicate.rawValue); another host on the link holds it")
                guard !options.acceptsDuplicates else {
                    duplicates.append(duplicate)
                    continue
                }
                warnings.append(duplicate)
                readd(there, as: address, entry, because: .duplicate)
            } else if address.family == .ipv4, there.peer != address.peer {
                // Neither in place nor beside it (__inet_insert_ifa, net/ipv4/devinet.c).
                let name = names.name(of: address.interface)
                let words = describe(.address(there))
                conflicts.append(
                    Conflict(
                        entry.origin,
                        "\(name) has \(words), and the kernel changes no peer; remove it: "
                            + "ip address del \(words) dev \(name)",
                        of: [address.interface], leaving: .object(.address(address.identity))))
            } else if !address.isSatisfied(by: there, comparingMark: comparesMarks) {
                replace(
                    .addresses, .address(there), with: .address(address.keepingState(of: there)),
                    entry)
            }
        }
        let wanted = desired.released.isEmpty ? [] : wantedAddresses()
        // In reverse, so that the primaries of a subnet leave last.
        for address in kernel.addresses.reversed() where past.owns(address) {
            guard !desired.wants(address.identity),
                !replaced.contains(address.identity)
            else {
                continue
            }
            memory.createdAddresses.remove(address.identity)
            // What was bound there and comes home does not stay as well.
            if desired.released.contains(address.interface), !wanted.contains(address.address) {
                guard address.protocol != 0 else { continue }
                var unmarked = address
                unmarked.protocol = 0
                replace(
                    .addresses, .address(address), with: .address(unmarked), nil,
                    of: address.interface)
            } else {
                remove(.addressRemovals, .address(address), of: address.interface)
            }
        }
        removeOrphanedRoutes()
        // Of an interface that went away, or that somebody else removed.
        for identity in past.createdAddresses
        where !desired.wants(identity) && observed[identity] == nil {
            memory.createdAddresses.remove(identity)
        }
    }

    /// Connected routes of ours that the kernel leaves where they are when the addresses go.
    private mutating func removeOrphanedRoutes() {
        let leaving = steps[.addressRemovals].compactMap { change -> InterfaceAddress? in
            guard case .remove(.address(let address)) = change.action, address.family == .ipv6
            else { return nil }
            return address
        }
        guard !leaving.isEmpty else { return }
        let gone = Set(leaving.map(\.identity))
        let added = steps[.addresses].compactMap { change -> InterfaceAddress? in
            guard case .add(.address(let address)) = change.action else { return nil }
            return address
        }
        let staying = Dictionary(
            grouping: kernel.addresses.filter { $0.family == .ipv6 && !gone.contains($0.identity) }
                + added, by: \.subnet)
        let leavingBySubnet = Dictionary(grouping: leaving, by: \.subnet)
        for route in kernel.routes where route.isConnected {
            guard let leaving = leavingBySubnet[route.destination],
                let rest = staying[route.destination]?.filter({
                    $0.interface == route.nextHops.first?.interface
                }), !rest.isEmpty, leaving.orphan(route, beside: rest)
            else { continue }
            remove(.addressRemovals, .route(route), of: route.nextHops.first?.interface)
        }
    }

    private func wantedAddresses() -> Set<IPAddress> {
        Set(
            desired.wanted.compactMap { entry in
                guard case .address(let address) = entry.object else { return nil }
                return address.address
            })
    }

    /// While an interface loses IPv4 addresses, the kernel must promote their secondaries.
    mutating func planPromotion() {
        let promotes = "promote_secondaries"
        guard kernel.sysctls[.interface("all", "ipv4", promotes)] != "1" else { return }
        let losing = Set(
            steps[.addressRemovals].compactMap { change -> InterfaceIndex? in
                guard case .remove(.address(let address)) = change.action,
                    address.family == .ipv4, !change.isSideEffect
                else { return nil }
                return address.interface
            })
        for interface in losing.sorted() {
            let name = SysctlName.interface(names.name(of: interface), "ipv4", promotes)
            let planned = steps[.loosen].last { $0.object.identity == .sysctl(name) }
            let now: KernelObject? =
                planned?.object
                ?? kernel.sysctls[name].map {
                    .sysctl(SysctlSetting(name: name, value: $0, interface: interface))
                }
            guard case .sysctl(let setting)? = now, setting.value != "1" else { continue }
            var promoting = setting
            promoting.value = "1"
            let note = "while addresses go"
            steps.append(
                Change(
                    .replace(.sysctl(setting), with: .sysctl(promoting)), owner: interface,
                    note: note), to: .loosen)
            steps.append(
                Change(
                    .replace(.sysctl(promoting), with: .sysctl(setting)), owner: interface,
                    note: note), to: .tighten)
        }
    }

    private mutating func addAddress(
        _ address: InterfaceAddress, _ entry: DesiredState.Wanted,
        replacing replaced: inout Set<InterfaceAddress.Identity>
    ) {
        memory.createdAddresses.insert(address.identity)
        // The kernel holds an IPv6 address once an interface, whatever its prefix length.
        guard address.family == .ipv6,
            let twin = observedIPv6[address.address]?.first(where: {
                $0.interface == address.interface
            })
        else {
            // One that moves would meet itself on the wire.
            let moves =
                address.family == .ipv6
                && observedIPv6[address.address]?.contains { $0.interface != Self.loopback } == true
            var object = entry.object
            if moves {
                var moving = address
                moving.flags.insert(.noDAD)
                object = .address(moving)
            }
            add(.addresses, object, entry)
            return
        }
        guard past.owns(twin) else {
            memory.createdAddresses.remove(address.identity)
            conflicts.append(
                Conflict(
                    entry.origin,
                    "\(names.name(of: address.interface)) already has \(twin.address) as foreign "
                        + "\(twin.address)/\(twin.prefixLength); write that length, or remove it: "
                        + "ip address del \(twin.address)/\(twin.prefixLength) dev "
                        + "\(names.name(of: address.interface))",
                    of: [address.interface], leaving: .removals))
            return
        }
        replaced.insert(twin.identity)
        memory.createdAddresses.remove(twin.identity)
        readd(twin, as: address, entry, because: .length)
    }

    /// Why an address is taken away and added again, in words.
    private enum Renewal: String {
        case duplicate = "duplicate address detection failed"
        case length = "another prefix length"
    }

    /// `LOOPBACK_IFINDEX`: lo, in every namespace.
    private static let loopback: InterfaceIndex = 1

    /// Takes an address away and adds it again; lo holds it in between, so that the host never
    /// stops answering for it and its sockets live on.
    private mutating func readd(
        _ old: InterfaceAddress, as new: InterfaceAddress, _ entry: DesiredState.Wanted,
        because reason: Renewal
    ) {
        var held = new
        held.interface = Self.loopback
        held.prefixLength = new.family.bitWidth
        held.metric = 0
        held.preferredLifetime = InterfaceAddress.forever
        held.flags = new.family == .ipv6 ? [.noDAD, .noPrefixRoute] : [.noPrefixRoute]
        held.scope = .global
        var steps: [Change.Action] = [
            .add(.address(held)), .remove(.address(old)), .add(.address(new)),
            .remove(.address(held)),
        ]
        // An interrupted run left it there: as something that nothing wants, it goes by itself.
        if kernel.addresses.contains(where: { $0.identity == held.identity }) {
            steps = [steps[1], steps[2]]
        }
        self.steps[.addresses] += steps.map { action in
            var change = Change(
                action, owner: entry.owner, origin: entry.origin, note: reason.rawValue)
            change.isOfDuplicate = reason == .duplicate
            if change.object == .address(held) { change.owner = held.interface }
            return change
        }
    }

}

extension InterfaceAddress {
    /// Whether what is there is what is wanted: tentative is no difference, nor is a lifetime
    /// that somebody gave it, but for an IPv6 address that must not (or must) be chosen.
    func isSatisfied(by there: InterfaceAddress, comparingMark: Bool) -> Bool {
        let isDeprecated = preferredLifetime == 0
        return (there.protocol == self.protocol || !comparingMark) && there.metric == metric
            && there.peer == peer
            && there.flags.isSuperset(of: flags.intersection([.noPrefixRoute, .noDAD]))
            && (family == .ipv4 || isWithoutRoute == there.isWithoutRoute)
            && (family == .ipv4 || isDeprecated == (there.preferredLifetime == 0))
    }

    /// The same, with the lifetimes and flags that the kernel shows: a change in place erases
    /// what it does not repeat.
    func keepingState(of there: InterfaceAddress) -> InterfaceAddress {
        var address = self
        address.label = there.label
        address.broadcast = there.broadcast
        address.scope = there.scope
        address.validLifetime = there.validLifetime
        address.flags.formUnion(there.flags.intersection([.noDAD, .home, .managesTemporary]))
        let mustChange =
            family == .ipv6 && (preferredLifetime == 0) != (there.preferredLifetime == 0)
        if !mustChange { address.preferredLifetime = there.preferredLifetime }
        return address
    }
}
