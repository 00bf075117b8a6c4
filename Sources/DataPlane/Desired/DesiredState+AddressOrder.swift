import Netlink

/// The first address of an IPv4 subnet on a link is its primary, which the kernel prefers as source,
/// and one that is there is not added again to change that.
extension DesiredState {
    /// A first address that was lost, or that the file had elsewhere, stands behind others of ours.
    mutating func warnOfLateFirst(
        _ interface: ManagedInterface, kernel: KernelState, memory: Memory
    ) {
        // A floating one goes and comes.
        guard let first = interface.ownAddresses.first(where: { $0.address.family == .ipv4 }),
            !first.origin.isFloating
        else { return }
        let subnet = first.address.subnet
        let leaving = interface.leaving.bySubnet[subnet] ?? []
        let before = kernel.addresses.filter {
            $0.interface == interface.index && $0.family == .ipv4 && $0.subnet == subnet
                && !leaving.contains($0)
        }.prefix { $0.identity != first.address.identity }
        guard before.allSatisfy({ memory.owns($0) }) else { return }
        warn(of: before, before: "\(first.address.address)", interface, first.origin)
    }

    /// A lease that was lost and came back stands behind ours of its subnet.
    mutating func warnOfLateLeases(
        _ interface: ManagedInterface, kernel: KernelState, memory: Memory
    ) {
        var primaries: [IPPrefix: InterfaceAddress] = [:]
        for address in kernel.addresses
        where address.interface == interface.index && address.family == .ipv4 && address.isGlobal {
            guard let first = primaries[address.subnet] else {
                primaries[address.subnet] = address
                continue
            }
            guard memory.owns(first), !memory.owns(address) else { continue }
            let origin = interface.ownAddresses.first {
                $0.address.identity == first.identity
            }?.origin
            warn(of: [first], before: "\(address.address) of another tool", interface, origin)
        }
    }

    private mutating func warn(
        of early: ArraySlice<InterfaceAddress>, before late: String,
        _ interface: ManagedInterface, _ origin: AddressConfig?
    ) {
        guard let primary = early.first else { return }
        let name = interface.link.name
        let commands = early.map {
            "ip address del \($0.address)/\($0.prefixLength) dev \(name)"
        }
        warn(
            origin?.location,
            "\(primary.address) came before \(late) on \(name) and is the subnet's primary: the "
                + "kernel prefers it as source; \(commands.joined(separator: "; ")), then apply, "
                + "puts \(early.count == 1 ? "it" : "them") behind")
    }
}
