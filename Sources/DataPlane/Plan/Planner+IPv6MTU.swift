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
            if let mtu = resetIPv6MTU(of: wanted) {
                now.value = "\(mtu)"
                // Without us it would be this.
                memory.settings[entry.object.identity]?.first = .sysctl(now)
            }
            guard !wanted.hasSameValue(as: now.value) else { continue }
            replace(.tighten, .sysctl(now), with: entry.object, entry)
        }
        let unwanted = memory.settings.filter {
            $0.value.first.ipv6MTU != nil && !desired.wants($0.key)
                && !desired.leftAlone.contains($0.key)
        }
        for (identity, remembered) in unwanted.sorted(by: { $0.value < $1.value })
        where !desired.isOfQueuesAlone {
            restoreIPv6MTU(identity, remembered)
        }
    }

    /// What the links' changes reset is as it would be without us; no IPv6 MTU is larger than its
    /// link's.
    private mutating func restoreIPv6MTU(
        _ identity: KernelObject.Identity, _ remembered: RememberedSetting
    ) {
        guard case .sysctl(var first) = remembered.first else { return }
        guard resetIPv6MTU(of: first) == nil else {
            memory.settings[identity] = nil
            return
        }
        if let link = kernel.links.first(where: { $0.index == first.interface }),
            let value = UInt32(first.value), value > link.mtu
        {
            first.value = "\(link.mtu)"
        }
        var remembered = remembered
        remembered.first = .sysctl(first)
        restore(identity, remembered)
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
