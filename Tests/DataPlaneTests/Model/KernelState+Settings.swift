import Netlink
import SystemPackage

@testable import DataPlane

extension KernelState {
    mutating func set(_ setting: LinkSetting) throws(KernelError) {
        guard let index = links.firstIndex(where: { $0.index == setting.interface }) else {
            throw KernelError("change link", .operationNotSupportedByDevice)
        }
        switch setting.value {
        case .group(let group): links[index].group = group
        case .up(true): bringUp(index)
        case .up(false): takeDown(index)
        case .mtu(let mtu): try setMTU(mtu, of: index)
        }
    }

    private mutating func setMTU(_ mtu: UInt32, of index: Int) throws(KernelError) {
        let link = links[index]
        guard mtu >= link.minimumMTU ?? 68 else {
            throw KernelError(
                "change link", .invalidArgument, message: "mtu less than device minimum")
        }
        guard mtu <= link.maximumMTU ?? 65535 else {
            throw KernelError(
                "change link", .invalidArgument, message: "mtu greater than device maximum")
        }
        let hadIPv6 = hasIPv6(on: link)
        links[index].mtu = mtu
        let name = SysctlName.interface(link.name, "ipv6", "mtu")
        if sysctls[name] != nil { sysctls[name] = "\(mtu)" }
        toggleIPv6(on: links[index], before: hadIPv6)
    }

    private mutating func bringUp(_ index: Int) {
        guard !links[index].isUp else { return }
        links[index].flags |= 1
        let interface = links[index].index
        for address in addresses where address.interface == interface { addConnected(address) }
        for family in AddressFamily.allCases { reviveRoutes(family, through: interface) }
        addLinkLocal(to: links[index])
    }

    /// fib_disable_ip and addrconf_ifdown: IPv4 addresses stay, IPv6 ones do not
    /// (keep_addr_on_down is 0).
    private mutating func takeDown(_ index: Int) {
        guard links[index].isUp else { return }
        links[index].flags &= ~1
        let interface = links[index].index
        dropRoutes(.ipv4, through: interface)
        dropIPv6(of: interface)
    }

    private mutating func dropIPv6(of interface: InterfaceIndex) {
        dropRoutes(.ipv6, through: interface)
        let gone = addresses(.ipv6, on: interface)
        setAddresses(.ipv6, on: interface, to: [])
        for index in routes.indices
        where gone.contains(where: { $0.address == routes[index].preferredSource }) {
            routes[index].preferredSource = nil
        }
    }

    private mutating func toggleIPv6(on link: Link, before: Bool) {
        switch (before, hasIPv6(on: link)) {
        case (true, false): dropIPv6(of: link.index)
        case (false, true): addLinkLocal(to: link)
        default: break
        }
    }

    /// addrconf_dev_config: fe80::/64 with the modified EUI-64 of the MAC; IFAPROT_KERNEL_LL.
    private mutating func addLinkLocal(to link: Link) {
        guard link.isUp, hasIPv6(on: link), let mac = link.mac else { return }
        let high = UInt128(mac.bits >> 24) ^ 0x02_0000
        let identifier = high << 40 | 0xFF_FE00_0000 | UInt128(mac.bits & 0xFF_FFFF)
        let address = InterfaceAddress(
            interface: link.index,
            address: IPAddress(family: .ipv6, bits: 0xFE80 << 112 | identifier),
            prefixLength: 64, scope: .link, flags: .permanent, protocol: 3)
        let list = addresses(.ipv6, on: link.index)
        guard !list.contains(where: { $0.address == address.address }) else { return }
        setAddresses(.ipv6, on: link.index, to: list + [address])
        addConnected(address)
    }

    mutating func set(_ setting: SysctlSetting) throws(KernelError) {
        let parts = setting.name.components
        // An MTU too small for IPv6 takes the interface's folder away.
        let isGone =
            parts.count == 5 && parts[1] == "ipv6" && (link(named: parts[3])?.mtu ?? 1280) < 1280
        guard sysctls[setting.name] != nil, !isGone else {
            throw KernelError("write sysctl", .noSuchFileOrDirectory)
        }
        write(setting.name, setting.value)
        if parts == ["net", "ipv4", "ip_forward"] {
            writeThrough("ipv4", "forwarding", setting.value)
        }
        guard parts.count == 5, parts[3] == "all" else { return }
        let spreads =
            parts[1] == "ipv4"
            ? parts[4] == "forwarding"
            : [
                "forwarding", "disable_ipv6", "disable_policy", "ignore_routes_with_linkdown",
                "addr_gen_mode",
            ].contains(parts[4])
        if spreads { writeThrough(parts[1], parts[4], setting.value) }
    }

    private mutating func write(_ name: SysctlName, _ value: String) {
        guard let old = sysctls[name], old != value else { return }
        let parts = name.components
        let link = parts.count == 5 ? link(named: parts[3]) : nil
        let hadIPv6 = link.map(hasIPv6(on:)) ?? false
        sysctls[name] = value
        if let link { toggleIPv6(on: link, before: hadIPv6) }
    }

    /// inet_forward_change and addrconf_disable_ipv6: every interface takes `all`'s value.
    private mutating func writeThrough(_ family: String, _ key: String, _ value: String) {
        for name in ["all", "default"] + links.map(\.name) {
            write(.interface(name, family, key), value)
        }
        guard family == "ipv4" else { return }
        write(SysctlName(components: ["net", "ipv4", "ip_forward"]), value)
        write(.interface("all", "ipv4", "accept_redirects"), value == "0" ? "1" : "0")
    }
}
