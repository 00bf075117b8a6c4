import Netlink
import Plist
import RPSTuner

extension Planner {
    /// Channels that differ, then what steers the packets of each queue; and what left the files
    /// and goes back to its first value.
    mutating func planQueues() {
        guard !kernel.queues.isEmpty else { return }
        var wanted: [InterfaceIndex: [DesiredState.Wanted]] = [:]
        for entry in desired.wanted {
            guard case .steering = entry.object, let interface = entry.owner else { continue }
            wanted[interface, default: []].append(entry)
        }
        let remembered = Dictionary(
            grouping: memory.settings.filter {
                $0.key.isOfQueue && !desired.wants($0.key)
            }, by: \.key.queueOwner)
        for (interface, observed) in kernel.queues.sorted(by: { $0.key < $1.key }) {
            guard !desired.released.contains(interface) else {
                forgetQueues(of: interface)
                continue
            }
            guard let queues = observed.queues else {
                reportUnreadable(interface)
                continue
            }
            let then = planChannels(of: interface, observed.channels)
            let layout = QueueLayout(queues, before: observed.channels, after: then)
            planSteering(wanted[interface] ?? [], layout)
            if layout.isNew { rememberLost(of: interface, layout) }
            restoreSteering(of: interface, remembered[interface] ?? [], layout)
        }
    }

    /// The channels that there will be.
    private mutating func planChannels(
        of interface: InterfaceIndex, _ channels: Channels?
    ) -> Channels? {
        guard let channels else { return nil }
        let identity = KernelObject.Identity.channels(interface)
        func setting(_ counts: ChannelCounts) -> KernelObject {
            .channels(ChannelSetting(interface: interface, counts))
        }
        if let entry = desired[identity], case .channels(let wanted) = entry.object {
            let now = wanted.counts.same(of: channels.counts)
            guard now != wanted.counts else { return channels }
            remember(entry.object, insteadOf: setting(now), cause: nil)
            replace(.channels, setting(now), with: entry.object, entry)
            return channels.with(wanted.counts)
        }
        guard let remembered = memory.settings.removeValue(forKey: identity),
            case .channels(let first) = remembered.first
        else { return channels }
        let now = first.counts.same(of: channels.counts)
        if now == first.counts { return channels }
        guard remembered.ours == setting(now) else {
            reportForeign(setting(now), remembered, of: interface)
            return channels
        }
        replace(.channels, setting(now), with: remembered.first, nil, of: interface)
        return channels.with(first.counts)
    }

    private mutating func planSteering(
        _ wanted: [DesiredState.Wanted], _ layout: QueueLayout
    ) {
        var managedInterrupts: [DesiredState.Wanted] = []
        for entry in wanted {
            guard case .steering(let setting) = entry.object else { continue }
            guard let now = layout.queues[setting.file].map({ setting.with($0) }) else {
                // A queue that the change of channels makes. (An interrupt that cannot be read.)
                guard layout.isNew, setting.file.path != nil else { continue }
                remember(entry.object, insteadOf: setting.new, cause: nil)
                add(.steering, entry.object, entry)
                continue
            }
            if now.value == setting.value {
                guard layout.isNew else { continue }
                remember(entry.object, insteadOf: entry.object, cause: nil)
                addAgain(entry.object, entry, of: setting.interface)
                continue
            }
            if !layout.isNew, isNarrowed(setting, to: now) { continue }
            if options.acceptsNarrowing,
                setting.hasValue(of: memory.settings[setting.identity]?.ours)
            {
                if case .interrupt = setting.file {
                    managedInterrupts.append(entry)
                    narrowed[setting.identity] = .steering(now)
                    continue
                }
                if let cpus = now.narrows(setting) {
                    narrowed[setting.identity] = .steering(now)
                    narrowings.append(
                        .init(
                            .warning, at: entry.origin,
                            "the kernel took only \(cpus) for \(setting.file.name) of "
                                + names.name(of: setting.interface)))
                    continue
                }
            }
            remember(entry.object, insteadOf: .steering(now), cause: nil)
            replace(.steering, .steering(now), with: entry.object, entry)
        }
        guard let first = managedInterrupts.first, let owner = first.owner else { return }
        let interrupts = managedInterrupts.count == 1 ? "interrupt" : "interrupts"
        narrowings.append(
            .init(
                .warning, at: first.origin,
                "the kernel manages \(managedInterrupts.count) \(interrupts) of "
                    + "\(names.name(of: owner)) itself; their affinity is left"))
    }

    /// Whether the kernel once made just this of what is wanted.
    private func isNarrowed(_ setting: SteeringSetting, to now: SteeringSetting) -> Bool {
        guard let remembered = memory.settings[setting.identity],
            case .steering(let ours) = remembered.ours,
            case .steering(let narrowed) = remembered.narrowed
        else { return false }
        return ours.value == setting.value && narrowed.value == now.value
    }

    /// What a change of channels takes from others: with the queues that go, and XPS, which drivers
    /// set anew. It comes back when the channels do.
    private mutating func rememberLost(of interface: InterfaceIndex, _ layout: QueueLayout) {
        guard desired.wants(.channels(interface)) else { return }
        for (file, value) in layout.queues.values
        where value != value.none {
            let now = SteeringSetting(interface: interface, file, value)
            guard !layout.will(have: file) || file.isTransmit, !desired.wants(now.identity),
                memory.settings[now.identity] == nil
            else { continue }
            memory.settings[now.identity] = RememberedSetting(
                first: .steering(now), ours: .steering(now))
        }
    }

    /// What left the files goes back to its first value, if nobody else has changed it.
    private mutating func restoreSteering(
        of interface: InterfaceIndex,
        _ settings: [(key: KernelObject.Identity, value: RememberedSetting)],
        _ layout: QueueLayout
    ) {
        for (identity, remembered) in settings.sorted(by: { $0.value < $1.value }) {
            guard case .steering(let first) = remembered.first else { continue }
            // What was taken with the channels comes back with them.
            let isLost = remembered.first == remembered.ours
            let isChanged = memory.settings[.channels(interface)] != nil
            if isChanged, isLost || !layout.will(have: first.file) { continue }
            memory.settings[identity] = nil
            guard layout.will(have: first.file) else { continue }
            guard let now = layout.queues[first.file].map({ first.with($0) }) else {
                if layout.isNew {
                    steps.append(Change(.add(remembered.first), owner: interface), to: .steering)
                }
                continue
            }
            if now.value == first.value {
                if layout.isNew { addAgain(remembered.first, nil, of: interface) }
            } else if now.hasValue(of: remembered.ours) || now.hasValue(of: remembered.narrowed)
                || memory.isInterrupted || isLost && layout.isNew
            {
                replace(.steering, .steering(now), with: remembered.first, nil, of: interface)
            } else if !isLost {
                reportForeign(.steering(now), remembered, of: interface)
            }
        }
    }

    private mutating func addAgain(
        _ object: KernelObject, _ entry: DesiredState.Wanted?, of owner: InterfaceIndex
    ) {
        steps.append(
            Change(
                .add(object), owner: owner, origin: entry?.origin,
                note: "again, behind the change of channels"), to: .steering)
    }

    private mutating func reportForeign(
        _ now: KernelObject, _ remembered: RememberedSetting, of interface: InterfaceIndex
    ) {
        warnings.append(
            .init(
                .warning,
                "\(now.kind) of \(names.name(of: interface)): \(describe(now)) is not what rtsetup "
                    + "set; it is left, and not put back to \(describe(remembered.first))"))
    }

    /// Where /sys is another namespace's, nothing can be given back, and nothing is forgotten.
    private mutating func reportUnreadable(_ interface: InterfaceIndex) {
        guard desired.conflicts.isEmpty,
            memory.settings.keys.contains(where: { $0.queueOwner == interface }),
            let link = kernel.links.first(where: { $0.index == interface })
        else { return }
        warnings.append(
            .init(.warning, "the steering of \(link.name) is left: \(link.isNotShownBySysFS)"))
    }

    private mutating func forgetQueues(of interface: InterfaceIndex) {
        for identity in memory.settings.keys where identity.queueOwner == interface {
            memory.settings[identity] = nil
        }
    }
}
