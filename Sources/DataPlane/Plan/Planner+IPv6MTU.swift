import Netlink

extension Planner {
    /// A link that goes up, gets another MTU or gets IPv6 takes its IPv6 MTU from its MTU
    /// (addrconf_notify, net/ipv6/addrconf.c): ours is written behind all of these, again if need
    /// be.
    mutating func planIPv6MTUs() {
        for entry in desired.wanted {
            guard let wanted = entry.object.ipv6MTU,
                case .sysctl(var now)? = current(entry.object)
            else { continue }
            if !wanted.hasSameValue(as: now.value) {
                remember(entry.object, insteadOf: .sysctl(now), cause: nil)
            }
            if let mtu = resetIPv6MTU(of: wanted) { now.value = "\(mtu)" }
            guard !wanted.hasSameValue(as: now.value) else { continue }
            replace(.tighten, .sysctl(now), with: entry.object, entry)
        }
    }

    /// What the changes planned so far make of it; nil: nothing.
    private func resetIPv6MTU(of setting: SysctlSetting) -> UInt32? {
        guard let link = kernel.links.first(where: { $0.index == setting.interface }) else {
            return nil
        }
        let disabling = SysctlName.interface(link.name, "ipv6", "disable_ipv6")
        var mtu = link.mtu
        var isReset = false
        for change in steps.inOrder {
            switch change.object {
            case .link(let new) where new.interface == link.index:
                if case .mtu(let value) = new.value { mtu = value }
                if new.value == .mtu(mtu) || new.value == .up(true) { isReset = true }
            case .sysctl(let new) where new.name == disabling && new.value == "0":
                isReset = true
            case .link, .address, .route, .rule, .sysctl, .channels, .steering: break
            }
        }
        return isReset ? mtu : nil
    }
}

extension KernelObject {
    /// `net.ipv6.conf.IF.mtu` of a link that is here.
    var ipv6MTU: SysctlSetting? {
        guard case .sysctl(let setting) = self, setting.interface != nil,
            let name = setting.name.ofInterface, name.family == "ipv6", name.key == "mtu"
        else { return nil }
        return setting
    }
}
