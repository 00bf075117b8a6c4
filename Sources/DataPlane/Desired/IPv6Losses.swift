import Netlink

/// The interfaces that lose their IPv6 addresses, whoever made them, with what the files set.
struct IPv6Losses {
    var interfaces: Set<InterfaceIndex> = []

    init(_ host: Host, kernel: KernelState, memory: Memory) {
        for entry in host.entries where entry.config.isManaged {
            guard let link = entry.link else { continue }
            let goesDown = entry.config.activationPolicy == .down
            let setsMTU = entry.mtuThen(memory).map { $0 < 1280 } ?? false
            let setsSysctl = entry.config.sysctls.contains {
                $0.family == "ipv6" && $0.key == "disable_ipv6" && $0.value != "0"
            }
            if goesDown || setsMTU || setsSysctl || entry.config.ipv6 == .disabled {
                interfaces.insert(link.index)
            }
        }
        for sysctl in host.sysctls where sysctl.value != "0" {
            guard let named = sysctl.name.ofInterface, named.family == "ipv6",
                named.key == "disable_ipv6"
            else { continue }
            if named.interface != "all" {
                interfaces.formUnion(
                    kernel.links.filter { $0.name == named.interface }.map(\.index))
            } else if kernel.sysctls[sysctl.name] == "0" {
                // A write takes them all, at the moment it is made.
                interfaces.formUnion(kernel.links.map(\.index))
            }
        }
    }
}
