import Netlink
import Plist

extension DesiredState {
    /// What was right when an address was bound may be so no longer: the files have changed.
    mutating func warnOfMisplaced(kernel: KernelState, memory: Memory) {
        let away = Dictionary(
            grouping: floating.filter { !$0.isAtHome && $0.place != nil }, by: \.placeIndex)
        for (index, addresses) in away {
            guard let index, let target = interfaces[index].link else { continue }
            let (wanted, held) = self.addresses(
                of: target, without: Set(addresses.map(\.address)), kernel: kernel, memory: memory)
            for floating in addresses {
                guard let entry = wanted[floating.address],
                    case .address(let object) = entry.object,
                    let problem = problem(with: object, on: target, beside: held)
                else { continue }
                warn(
                    entry.origin,
                    "\(floating.address) is bound to \(target.name), but \(problem); bring it home: "
                        + "rtsetup rebind \(floating.address) --to \(floating.home)")
            }
        }
    }

    /// The global addresses that a link will have, but for these, and what is wanted there.
    func addresses(
        of link: Link, without moving: Set<IPAddress>, kernel: KernelState, memory: Memory
    ) -> (wanted: [IPAddress: Wanted], held: [InterfaceAddress]) {
        var wanted: [IPAddress: Wanted] = [:]
        var held: [InterfaceAddress] = []
        for entry in self.wanted {
            guard case .address(let address) = entry.object, address.interface == link.index
            else { continue }
            wanted[address.address] = entry
            held.append(address)
        }
        held += kernel.addresses.filter {
            $0.interface == link.index && !wants($0.identity) && !memory.owns($0)
        }
        held.removeAll { moving.contains($0.address) || !$0.isGlobal }
        return (wanted, held)
    }

    /// An address belongs where its subnet is, or where a gateway leads out.
    ///
    /// - Parameter held: what else the interface holds.
    func problem(
        with address: InterfaceAddress, on target: Link, beside held: [InterfaceAddress]
    ) -> String? {
        let binding = floating.first { $0.address == address.address }
        guard address.isGlobal, let binding, !binding.isAtHome else { return nil }
        let held = held.filter { $0.family == address.family }
        // A host-length address lies in whatever subnet of the files holds it.
        let subnet =
            address.subnet.isHost ? subnetOfFiles(holding: address.address) : address.subnet
        let isInSubnet = held.contains { other in
            !other.subnet.isHost && other.subnet.contains(address.address)
                || subnet?.contains(other.address) ?? false
        }
        if isInSubnet { return nil }
        let gateway = paths.first {
            $0.interface == target.index && $0.family == address.family
        }?.gateway
        guard let subnet else {
            if gateway != nil { return nil }
            return "\(target.name) has no \(address.family) gateway for \(address.address)"
        }
        if let gateway {
            if subnet.contains(gateway) { return nil }
        } else if held.isEmpty, !homeHasGateway(binding, address.family) {
            return nil
        }
        let others = Set(held.map(\.subnet)).sorted().prefix(3).map(\.description)
        return "\(target.name) is not on the subnet \(subnet) of \(address.address)"
            + (others.isEmpty
                ? ": it has neither an address nor a gateway there"
                : "; it is on \(others.joined(separator: ", "))")
    }

    private func subnetOfFiles(holding address: IPAddress) -> IPPrefix? {
        for (interface, _, _) in interfaces where interface.isManaged {
            for other in interface.addresses {
                let subnet = other.subnet
                if !subnet.isHost, subnet.contains(address) { return subnet }
            }
        }
        return nil
    }

    private func homeHasGateway(_ binding: FloatingAddress, _ family: AddressFamily) -> Bool {
        let gateway = interfaces[binding.homeIndex].config.gateways[family]
        return gateway.map { $0.choice != GatewayConfig.Choice.none } ?? false
    }
}
