import Netlink
import Plist

extension ResolvedRebind {
    /// The links that addresses come from and go to: a conflict of any other stops nothing here.
    func concerned(
        _ kernel: KernelState, boundBefore bindings: StandingBindings
    ) -> Set<InterfaceIndex> {
        var found = Set(
            kernel.addresses.filter { addresses.contains($0.address) }.map(\.interface))
        if let target { found.insert(target.index) }
        guard isReplacement, let target else { return found }
        var ignored = Host.Findings()
        let before = config.bound(by: bindings).interfaces
        for (old, new) in zip(before, config.bound(by: self.bindings).interfaces)
        where Host.link(of: new, in: kernel.links, reporting: &ignored)?.index == target.index {
            if let link = Host.link(of: old, in: kernel.links, reporting: &ignored) {
                found.insert(link.index)
            }
        }
        return found
    }

    /// Why the addresses must not go where they are meant to, once everything else is known (69).
    func conflicts(
        kernel: KernelState, desired: DesiredState, memory: Memory
    ) -> [Diagnostic] {
        guard refusals.isEmpty, !desired.isBlocked else { return refusals }
        var memory = memory
        memory.protocols = desired.protocols
        guard let target else {
            return addresses.flatMap { remains(of: $0, kernel: kernel, memory: memory) }
        }
        let moving = Set(addresses)
        var wanted: [IPAddress: DesiredState.Wanted] = [:]
        var held: [InterfaceAddress] = []
        for entry in desired.wanted {
            guard case .address(let address) = entry.object, address.interface == target.index
            else { continue }
            wanted[address.address] = entry
            held.append(address)
        }
        held += kernel.addresses.filter {
            $0.interface == target.index && !desired.wants($0.identity) && !memory.owns($0)
        }
        held.removeAll { moving.contains($0.address) || !$0.isGlobal }
        return addresses.flatMap { address -> [Diagnostic] in
            guard let entry = wanted[address], case .address(let object) = entry.object else {
                return [
                    Diagnostic(
                        .error, "\(target.name) cannot take \(address) now; see the warnings")
                ]
            }
            return problem(with: object, beside: held, desired).map {
                [Diagnostic(.error, at: entry.origin, $0)]
            } ?? []
        }
    }

    /// An address belongs where its subnet is, or where a gateway leads out.
    ///
    /// - Parameter held: what else the interface holds.
    private func problem(
        with address: InterfaceAddress, beside held: [InterfaceAddress], _ desired: DesiredState
    ) -> String? {
        guard let target, address.isGlobal, !isHome(of: address.address) else { return nil }
        let held = held.filter { $0.family == address.family }
        // A host-length address lies in whatever subnet of the files holds it.
        let subnets =
            [address.subnet]
            + desired.interfaces.flatMap { interface, _, _ in
                interface.isManaged ? interface.addresses.map(\.subnet) : []
            }
        let subnet = subnets.first { !$0.isHost && $0.contains(address.address) }
        let isInSubnet = held.contains { other in
            !other.subnet.isHost && other.subnet.contains(address.address)
                || subnet?.contains(other.address) ?? false
        }
        if isInSubnet { return nil }
        let gateway = desired.paths.first {
            $0.interface == target.index && $0.family == address.family
        }?.gateway
        guard let subnet else {
            if gateway != nil { return nil }
            return "\(target.name) has no \(address.family) gateway for \(address.address)"
        }
        if let gateway {
            if subnet.contains(gateway) { return nil }
        } else if held.isEmpty, homeGateway(of: address.address, in: desired) == nil {
            return nil
        }
        let others = Set(held.map(\.subnet)).sorted().prefix(3).map(\.description)
        return "\(target.name) is not on the subnet \(subnet) of \(address.address)"
            + (others.isEmpty
                ? ": it has neither an address nor a gateway there"
                : "; it is on \(others.joined(separator: ", "))")
    }

    /// The gateway of the entry that the files give the address to.
    private func homeGateway(of address: IPAddress, in desired: DesiredState) -> GatewayConfig? {
        let home = config.interfaces.first { interface in
            interface.addresses.contains { $0.address == address }
        }
        let gateway = home?.gateways[address.family]
        return gateway?.choice == GatewayConfig.Choice.none ? nil : gateway
    }

    /// A released address must not stay on a link because somebody else put it there.
    private func remains(
        of address: IPAddress, kernel: KernelState, memory: Memory
    ) -> [Diagnostic] {
        let names = InterfaceNames(of: kernel.links)
        return kernel.addresses.filter { $0.address == address && !memory.owns($0) }.map { there in
            let name = names.name(of: there.interface)
            return Diagnostic(
                .error,
                "\(address) on \(name) was not made by rtsetup and would stay; take it over with "
                    + "apply --adopt, or: ip address del \(address)/\(there.prefixLength) dev \(name)"
            )
        }
    }
}
