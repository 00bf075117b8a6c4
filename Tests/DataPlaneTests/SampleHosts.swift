import Netlink

@testable import DataPlane

extension [Rule] {
    /// The rules for main and default that a kernel has from the start.
    static let ofTheKernel: [Rule] = [
        Rule(family: .ipv4, priority: 32766, table: RouteTable.main, protocol: .kernel),
        Rule(family: .ipv4, priority: 32767, table: RouteTable.default, protocol: .kernel),
        Rule(family: .ipv6, priority: 32766, table: RouteTable.main, protocol: .kernel),
    ]
}

extension KernelState {
    /// eth0 and eth1, down and without an address.
    static let twoNICs: KernelState = {
        var host = KernelState(
            links: [Link(index: 2, name: "eth0"), Link(index: 3, name: "eth1")],
            rules: .ofTheKernel)
        for name in ["all", "eth0", "eth1"] {
            for key in ["promote_secondaries", "arp_ignore", "arp_announce"] {
                host.sysctls[.interface(name, "ipv4", key)] = "0"
            }
        }
        return host
    }()

    /// eth1, up and without an address.
    static let oneNIC = KernelState(
        links: [Link(index: 1, name: "lo", flags: 0x9), Link(index: 5, name: "eth1", flags: 1)],
        rules: .ofTheKernel,
        sysctls: [
            .interface("all", "ipv4", "promote_secondaries"): "0",
            .interface("eth1", "ipv4", "promote_secondaries"): "0",
        ])
}
