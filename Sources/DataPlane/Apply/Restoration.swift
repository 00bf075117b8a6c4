import Netlink
import RPSTuner

/// The changes that bring the kernel back to what it was before a plan, by observation: it does
/// not matter which of the plan's changes were made, nor what the kernel did with them by itself.
///
/// What others changed in the meantime is left alone: only what the plan touches is compared, and
/// what the kernel takes from others with it.
struct Restoration {
    private let now: KernelState
    private let before: KernelState
    private let plan: [Change]
    /// What the plan changes itself.
    private let mine: Set<TouchedKey>
    private let routeSources: Set<IPAddress>
    private(set) var changes: [Change] = []

    init(of plan: [Change], from now: KernelState, to before: KernelState) {
        self.now = now
        self.before = before
        self.plan = plan
        mine = Set(plan.filter { !$0.isSideEffect }.map { TouchedKey($0.object) })
        routeSources = Set(before.routes.lazy.compactMap(\.preferredSource))
        restoreQueues()
        restoreTouched()
        restoreForeignAddresses()
        restoreForeignRoutes()
        restoreOverwrittenSysctls()
        if changes.isEmpty { restoreAddressOrder() }
        let links = Set(now.links.map(\.index))
        changes.removeAll { !$0.object.interfaces.isSubset(of: links) }
    }

    private var touchedInterfaces: Set<InterfaceIndex> {
        Set(
            plan.compactMap { change in
                switch change.object {
                case .address(let address): address.interface
                case .link(let setting): setting.interface
                case .sysctl(let setting): setting.interface
                case .route, .rule, .channels, .steering: nil
                }
            })
    }

    /// Last change first.
    private mutating func restoreTouched() {
        let nowObjects = now.objects(like: plan)
        let beforeObjects = before.objects(like: plan)
        var seen: Set<TouchedKey> = []
        for change in plan.reversed() where !change.isSideEffect && !change.object.isOfQueues {
            let key = TouchedKey(change.object)
            guard seen.insert(key).inserted else { continue }
            let action: Change.Action? =
                switch (nowObjects[key], beforeObjects[key]) {
                case (nil, let was?): .add(readded(was))
                case (let here?, nil): .remove(here)
                case (let here?, let was?) where !here.isRestored(as: was) && !holdsLease(was):
                    .replace(here, with: was)
                default: nil
                }
            if let action { changes.append(Change(action, owner: change.owner)) }
        }
    }

    /// A tentative address cannot be a route's source yet. The next round takes nodad away.
    private func readded(_ was: KernelObject) -> KernelObject {
        guard case .address(var address) = was, address.family == .ipv6,
            routeSources.contains(address.address)
        else { return was }
        address.flags.insert(.noDAD)
        return .address(address)
    }

    /// A link that we set up, and on which somebody got a lease meanwhile: going down would take it,
    /// and the next plan would bring the lease again. (An IPv6 address may be the kernel's own.)
    private func holdsLease(_ was: KernelObject) -> Bool {
        guard case .link(let setting) = was, setting.value == .up(false) else { return false }
        let there = Set(
            before.addresses.lazy.filter { $0.interface == setting.interface }.map(\.identity))
        return now.addresses.contains {
            $0.interface == setting.interface && $0.family == .ipv4
                && !there.contains($0.identity) && !mine.contains(TouchedKey(.address($0)))
        }
    }

    /// They were changed last. The channels first: they reset the rest.
    private mutating func restoreQueues() {
        var files: [InterfaceIndex: Set<QueueFile>] = [:]
        var renewed: Set<InterfaceIndex> = []
        for change in plan {
            switch change.object {
            case .channels(let setting): renewed.insert(setting.interface)
            case .steering(let setting):
                files[setting.interface, default: []].insert(setting.file)
            case .link, .address, .route, .rule, .sysctl: break
            }
        }
        for interface in renewed.union(files.keys).sorted() {
            guard let was = before.queues[interface], let here = now.queues[interface] else {
                continue
            }
            if renewed.contains(interface), let old = was.channels, let new = here.channels,
                old.counts != new.counts
            {
                changes.append(
                    Change(
                        .replace(
                            .channels(ChannelSetting(interface: interface, new.counts)),
                            with: .channels(ChannelSetting(interface: interface, old.counts))),
                        owner: interface))
            }
            for (file, value) in was.queues?.values ?? []
            where renewed.contains(interface) || files[interface]?.contains(file) == true {
                restore(file, of: interface, to: value, from: here.queues?[file])
            }
        }
    }

    private mutating func restore(
        _ file: QueueFile, of interface: InterfaceIndex, to was: QueueValue,
        from here: QueueValue?
    ) {
        guard here != was else { return }
        let old = KernelObject.steering(SteeringSetting(interface: interface, file, was))
        let new = here.map {
            KernelObject.steering(SteeringSetting(interface: interface, file, $0))
        }
        changes.append(
            Change(new.map { .replace($0, with: old) } ?? .add(old), owner: interface))
    }

    private mutating func restoreForeignAddresses() {
        let touched = touchedInterfaces
        let there = Set(now.addresses.map(\.identity))
        for address in before.addresses
        where touched.contains(address.interface) && !there.contains(address.identity)
            && !address.address.isLinkLocal && !mine.contains(TouchedKey(.address(address)))
        {
            changes.append(Change(.add(.address(address)), owner: address.interface))
        }
    }

    private mutating func restoreForeignRoutes() {
        let touched = touchedInterfaces
        let there = Set(now.routes.map(\.identity))
        let sources = Set(
            plan.compactMap { change -> IPAddress? in
                guard case .address(let address) = change.object else { return nil }
                return address.address
            })
        lazy var sharing = Dictionary(grouping: before.addresses, by: \.subnet)
        let lost = before.routes.filter { route in
            let isOfTouched =
                route.nextHops.contains { $0.interface.map(touched.contains) ?? false }
                || route.preferredSource.map(sources.contains) ?? false
            return isOfTouched && !there.contains(route.identity)
                && !(sharing[route.destination]?.derive(route) ?? false)
                && !mine.contains(TouchedKey(.route(route)))
        }
        let ordered = lost.sortedStably { $0.nextHops.contains { $0.gateway != nil } }
        changes += ordered.map {
            Change(.add(.route($0)), owner: $0.nextHops.first?.interface)
        }
        let bare = Dictionary(
            now.routes.lazy.filter { $0.family == .ipv6 && $0.preferredSource == nil }
                .map { ($0.identity, $0) }
        ) { first, _ in first }
        for was in before.routes
        where was.preferredSource.map(sources.contains) ?? false
            && !mine.contains(TouchedKey(.route(was)))
        {
            guard let here = bare[was.identity] else { continue }
            changes.append(
                Change(
                    .replace(.route(here), with: .route(was)),
                    owner: was.nextHops.first?.interface))
        }
    }

    private mutating func restoreOverwrittenSysctls() {
        var names: Set<SysctlName> = []
        for change in plan {
            switch change.object {
            case .sysctl(let setting): names.formUnion(setting.name.overwrites(before.links))
            case .link(let setting):
                guard case .mtu = setting.value,
                    let link = before.links.first(where: { $0.index == setting.interface })
                else { continue }
                names.insert(.interface(link.name, "ipv6", "mtu"))
            case .address, .route, .rule, .channels, .steering: break
            }
        }
        let done = Set(changes.map(\.object.identity))
        for name in names.sorted() where !done.contains(.sysctl(name)) {
            guard let was = before.sysctls[name], let value = now.sysctls[name], was != value
            else { continue }
            changes.append(
                Change(
                    .replace(
                        .sysctl(SysctlSetting(name: name, value: value)),
                        with: .sysctl(SysctlSetting(name: name, value: was)))))
        }
    }

    /// The first address of a subnet is its primary one, which decides the source that the kernel
    /// chooses: those that came before it go behind it.
    private mutating func restoreAddressOrder() {
        for interface in touchedInterfaces.sorted() {
            let orders = now.orders(on: interface)
            for (subnet, was) in before.orders(on: interface).sorted(by: { $0.key < $1.key }) {
                guard let first = was.first, let order = orders[subnet],
                    order.contains(where: { $0.identity == first.identity })
                else { continue }
                for address in order.prefix(while: { $0.identity != first.identity }) {
                    changes.append(Change(.remove(.address(address)), owner: interface))
                    changes.append(Change(.add(.address(address)), owner: interface))
                }
            }
        }
    }
}

extension KernelState {
    /// The IPv4 addresses of each subnet of an interface, the primary one first.
    fileprivate func orders(on interface: InterfaceIndex) -> [IPPrefix: [InterfaceAddress]] {
        Dictionary(
            grouping: addresses.filter { $0.interface == interface && $0.family == .ipv4 },
            by: \.subnet)
    }
}
