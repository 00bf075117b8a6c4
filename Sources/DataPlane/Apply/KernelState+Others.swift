import Netlink

extension KernelState {
    /// Whether others were at work between the two looks.
    ///
    /// - Parameter memory: what may be ours, in either.
    func isOthers(than before: KernelState, memory: Memory) -> Bool {
        othersPart(memory) != before.othersPart(memory)
    }

    /// Whether none of the links that were there has gone.
    func hasLinks(of before: KernelState) -> Bool {
        Set(before.links.map(\.index)).isSubset(of: links.map(\.index))
    }

    /// What the kernel makes by itself, when we set a link up or give it an address, is left out.
    private func othersPart(_ memory: Memory) -> Set<KernelObject.Identity> {
        let addresses = addresses.filter { !memory.owns($0) && !$0.address.isLinkLocal }
        let routes = routes.filter { !memory.owns($0) && $0.protocol != .kernel }
        return Set(addresses.map { .address($0.identity) } + routes.map(\.identity))
    }
}
