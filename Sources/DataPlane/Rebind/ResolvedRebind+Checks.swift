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
        let (wanted, held) = desired.addresses(
            of: target, without: Set(addresses), kernel: kernel, memory: memory)
        return addresses.compactMap { address in
            guard let entry = wanted[address], case .address(let object) = entry.object else {
                return Diagnostic(
                    .error, "\(target.name) cannot take \(address) now; see the warnings")
            }
            return desired.problem(with: object, on: target, beside: held).map {
                Diagnostic(.error, at: entry.origin, $0)
            }
        }
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
