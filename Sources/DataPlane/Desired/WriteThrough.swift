import Netlink

extension SysctlName {
    /// `eth0` of `net.ipv4.conf.eth0.rp_filter`, with family and key.
    var ofInterface: (family: String, interface: String, key: String)? {
        guard components.count == 5, components[0] == "net", components[2] == "conf" else {
            return nil
        }
        return (components[1], components[3], components[4])
    }

    /// The settings of interfaces that a write to this one overwrites, among the links that are
    /// there; empty for a setting that is only itself.
    ///
    /// Source: inet_forward_change and devinet_copy_dflt_conf (net/ipv4/devinet.c),
    /// addrconf_fixup_forwarding, addrconf_disable_ipv6 and their like (net/ipv6/addrconf.c).
    func overwrites(_ links: [Link]) -> [SysctlName] {
        if components == ["net", "ipv4", "ip_forward"] {
            return SysctlName.interface("all", "ipv4", "forwarding").overwrites(links)
        }
        guard let (family, interface, key) = ofInterface else { return [] }
        let names = links.map(\.name)
        switch (family, interface) {
        case ("ipv4", "all") where key == "forwarding":
            return (["default"] + names).map { .interface($0, family, key) } + [
                .interface("all", family, "accept_redirects")
            ]
        case ("ipv4", "default"):
            return names.map { .interface($0, family, key) }
        case ("ipv6", "all") where SysctlName.ipv6WriteThrough.contains(key):
            return (["default"] + names).map { .interface($0, family, key) }
        default: return []
        }
    }

    /// What a write of `value` to this one makes of one that it overwrites. Who forwards accepts no
    /// redirects.
    func value(_ value: String, overwriting name: SysctlName) -> String {
        guard name.ofInterface?.key == "accept_redirects", ofInterface?.key != "accept_redirects"
        else { return value }
        return value == "0" ? "1" : "0"
    }

    /// One variable of the kernel has one name: `ip_forward` is `conf.all.forwarding` too
    /// (devinet_sysctl_forward, net/ipv4/devinet.c).
    var canonical: SysctlName {
        self == .interface("all", "ipv4", "forwarding")
            ? SysctlName(components: ["net", "ipv4", "ip_forward"]) : self
    }

    private static let ipv6WriteThrough: Set<String> = [
        "forwarding", "disable_ipv6", "disable_policy", "ignore_routes_with_linkdown",
        "addr_gen_mode",
    ]
}
