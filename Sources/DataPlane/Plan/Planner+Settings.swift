import Netlink
import Plist

extension Planner {
    /// Settings that differ, and those that left the files and go back to their first value.
    mutating func planSettings() {
        for entry in desired.wanted where entry.object.isSetting && entry.object.ipv6MTU == nil {
            guard let now = current(entry.object), !entry.object.hasSameSetting(as: now) else {
                continue
            }
            remember(entry.object, insteadOf: now, cause: nil)
            replace(
                entry.object.phase(from: now, isRestored: false), now, with: entry.object, entry)
            guard case .sysctl(let setting) = entry.object else { continue }
            rememberOverwritten(by: setting)
            rewriteOverwritten(by: setting)
        }
        let unwanted = memory.settings.filter {
            $0.key.queueOwner == nil && !desired.wants($0.key)
                && !desired.leftAlone.contains($0.key) && $0.value.first.ipv6MTU == nil
        }
        for (identity, remembered) in unwanted.sorted(by: { $0.value < $1.value }) {
            if desired.isOfQueuesAlone, identity != .sysctl(.flowTable) { continue }
            restore(identity, remembered)
        }
        planIPv6MTUs()
    }

    /// The first values of the interfaces' settings that a write-through one overwrites.
    private mutating func rememberOverwritten(by cause: SysctlSetting) {
        for name in cause.name.overwrites(kernel.links) where !desired.wants(.sysctl(name)) {
            guard let value = kernel.sysctls[name] else { continue }
            // What was written once keeps its own value, and goes back by itself.
            let isOurs = memory.settings[.sysctl(name)].map { $0.cause == nil } ?? false
            if isOurs, cause.name.overwritesUnsetInterfaces { continue }
            let now = SysctlSetting(name: name, value: value, interface: linkIndex(of: name))
            var then = now
            then.value = cause.name.value(cause.value, overwriting: name)
            remember(.sysctl(then), insteadOf: .sysctl(now), cause: cause.name)
        }
    }

    /// Those of them that the files name are written again behind it.
    private mutating func rewriteOverwritten(by cause: SysctlSetting) {
        for name in cause.name.overwrites(kernel.links) {
            guard let entry = desired[.sysctl(name)], case .sysctl(let wanted) = entry.object,
                let value = kernel.sysctls[name]
            else { continue }
            let made = cause.name.value(cause.value, overwriting: name)
            if wanted.hasSameValue(as: made) { continue }
            var then = SysctlSetting(name: name, value: value, interface: linkIndex(of: name))
            if memory.settings[.sysctl(name)]?.cause != nil {
                remember(entry.object, insteadOf: .sysctl(then), cause: nil)
            }
            then.value = made
            replace(.afterWriteThrough, .sysctl(then), with: entry.object, entry)
        }
    }

    private func linkIndex(of name: SysctlName) -> InterfaceIndex? {
        name.ofInterface.flatMap { named in
            kernel.links.first { $0.name == named.interface }?.index
        }
    }

    mutating func restore(
        _ identity: KernelObject.Identity, _ remembered: RememberedSetting
    ) {
        if let cause = remembered.cause, desired.wants(.sysctl(cause)) { return }
        memory.settings[identity] = nil
        guard let now = current(remembered.first) else { return }
        if let interface = now.settingInterface, desired.released.contains(interface),
            !now.isGroup
        {
            return
        }
        let isOverwrittenAgain = remembered.cause.map(isWrittenThrough) ?? false
        if now.hasSameSetting(as: remembered.first) && !isOverwrittenAgain { return }
        guard isOverwrittenAgain || now.hasSameSetting(as: expectation(of: remembered)) else {
            var link = ""
            if case .link(let setting) = now { link = "\(names.name(of: setting.interface)): " }
            warnings.append(
                .init(
                    .warning,
                    "\(link)\(describe(now)) is not what rtsetup set; it is left, and not put back "
                        + "to \(describe(remembered.first))"))
            return
        }
        if case .link(let link) = remembered.first, link.value == .up(false),
            let others = whatOthersHold(on: link.interface)
        {
            warnings.append(
                .init(
                    .warning,
                    "\(names.name(of: link.interface)) was down once, but holds \(others) of others; "
                        + "it is left up"))
            return
        }
        replace(
            isOverwrittenAgain
                ? .afterWriteThrough : remembered.first.phase(from: now, isRestored: true),
            now, with: remembered.first, nil, of: now.settingInterface)
        if case .sysctl(let first) = remembered.first { rewriteOverwritten(by: first) }
    }

    private func isWrittenThrough(_ name: SysctlName) -> Bool {
        steps[.writeThrough].contains { $0.object.identity == .sysctl(name) }
    }

    /// What a setting is if nobody but us changed it: what we wrote; or what came with a cause that
    /// is back at its first value, and not written again.
    private func expectation(of remembered: RememberedSetting) -> KernelObject {
        guard let cause = remembered.cause, case .sysctl(var setting) = remembered.ours,
            case .sysctl(let first)? = past.settings[.sysctl(cause)]?.first
        else { return remembered.ours }
        setting.value = cause.value(first.value, overwriting: setting.name)
        return .sysctl(setting)
    }

    /// What would go with the link that stands on nothing of ours; nil: nothing.
    private func whatOthersHold(on interface: InterfaceIndex) -> String? {
        let addresses = kernel.addresses.filter { !past.owns($0) }
        if addresses.contains(where: { $0.interface == interface && $0.isGlobal }) {
            return "addresses"
        }
        let routes = kernel.routes.filter { !$0.protocol.isOfKernel && !past.owns($0) }
        var ground = RouteGround(
            links: Set(kernel.links.filter(\.isUp).map(\.index)), addresses: addresses)
        for route in routes { ground.add(route) }
        let hasRoutes = routes.contains { route in
            route.nextHops.contains { $0.interface == interface } && ground.carries(route)
        }
        return hasRoutes ? "routes" : nil
    }

    mutating func remember(
        _ object: KernelObject, insteadOf now: KernelObject, cause: SysctlName?
    ) {
        let first = memory.settings[object.identity]?.first ?? now
        memory.settings[object.identity] = RememberedSetting(
            first: first, ours: object, cause: cause)
    }

    /// The setting as the kernel has it; nil where the link or the sysctl is gone.
    func current(_ object: KernelObject) -> KernelObject? {
        switch object {
        case .link(let setting):
            guard let link = kernel.links.first(where: { $0.index == setting.interface }) else {
                return nil
            }
            let value: LinkSetting.Value =
                switch setting.value {
                case .mtu: .mtu(link.mtu)
                case .group: .group(link.group)
                case .up: .up(link.isUp)
                }
            return .link(LinkSetting(interface: setting.interface, value))
        case .sysctl(var setting):
            guard let value = kernel.sysctls[setting.name] else { return nil }
            setting.value = value
            return .sysctl(setting)
        case .address, .route, .rule, .channels, .steering:
            return nil
        }
    }
}

extension KernelObject {
    fileprivate var isSetting: Bool {
        switch self {
        case .link, .sysctl: true
        case .address, .route, .rule, .channels, .steering: false
        }
    }

    fileprivate var isGroup: Bool {
        guard case .link(let setting) = self, case .group = setting.value else { return false }
        return true
    }

    func hasSameSetting(as other: KernelObject) -> Bool {
        if case .sysctl(let mine) = self, case .sysctl(let theirs) = other {
            return mine.name == theirs.name && mine.hasSameValue(as: theirs.value)
        }
        return self == other
    }

    /// When a setting may take this value.
    fileprivate func phase(from now: KernelObject, isRestored: Bool) -> Phase {
        switch self {
        case .link(let setting):
            switch setting.value {
            case .mtu(let mtu): return mtu < 1280 ? .irreversible : .links
            case .group: return isRestored ? .tighten : .links
            case .up(let isUp): return isUp ? .linksUp : .irreversible
            }
        case .sysctl(let setting):
            guard case .sysctl(let old) = now else { return .loosen }
            return setting.phase(from: old, isRestored: isRestored)
        case .address, .route, .rule, .channels, .steering:
            return .loosen
        }
    }
}

extension SysctlSetting {
    fileprivate func phase(from old: SysctlSetting, isRestored: Bool) -> Phase {
        if !name.overwrites([]).isEmpty || name.overwritesUnsetInterfaces { return .writeThrough }
        switch name.components.last {
        case "disable_ipv6": return value == "0" ? .loosen : .irreversible
        case "rp_filter": return strictness > old.strictness ? .tighten : .loosen
        default: return isRestored ? .tighten : .loosen
        }
    }

    /// off < loose < strict.
    private var strictness: Int { value == "1" ? 2 : value == "2" ? 1 : 0 }
}

extension SysctlName {
    /// `net.ipv4.conf.default.*`: links that never had a value of their own follow it.
    fileprivate var overwritesUnsetInterfaces: Bool {
        ofInterface.map { $0.family == "ipv4" && $0.interface == "default" } ?? false
    }
}

extension RememberedSetting: Comparable {
    /// What overwrites others is given back before what it overwrites.
    public static func < (a: RememberedSetting, b: RememberedSetting) -> Bool {
        if (a.cause == nil) != (b.cause == nil) { return a.cause == nil }
        switch (a.first, b.first) {
        case (.sysctl(let x), .sysctl(let y)): return x.name < y.name
        case (.link(let x), .link(let y)): return x.sortKey < y.sortKey
        case (.channels(let x), .channels(let y)): return x.interface < y.interface
        case (.steering(let x), .steering(let y)):
            return (x.interface, x.file) < (y.interface, y.file)
        case (let x, let y): return x.kindOrder < y.kindOrder
        }
    }
}

extension KernelObject {
    fileprivate var kindOrder: Int {
        switch self {
        case .link: 0
        case .sysctl: 1
        case .channels: 2
        case .steering: 3
        case .address, .route, .rule: 4
        }
    }
}

extension LinkSetting {
    fileprivate var sortKey: Int {
        let kind =
            switch value {
            case .mtu: 0
            case .group: 1
            case .up: 2
            }
        return Int(interface) * 4 + kind
    }
}
