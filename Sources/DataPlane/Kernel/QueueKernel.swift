import Netlink
import RPSTuner
import SystemPackage

/// The queues' part of a kernel: ethtool's socket and the files, opened when first needed.
struct QueueKernel {
    private var files: QueueFiles
    /// Where /sys is another namespace's.
    private var ownSysFS: OwnSysFS?
    /// An interface with its MAC has shown that the files are this namespace's.
    private var isOurs = false
    /// So is all that /sys shows.
    private var isReadOnly = false
    private var ethtool: Ethtool?
    /// The links as they were last seen.
    private var links: [InterfaceIndex: Link] = [:]
    /// Those that /sys was found to show since writing began.
    private var shown: Set<InterfaceIndex> = []
    /// A change of channels gives interrupts other numbers.
    private var interrupts: InterruptTable?

    init(files: QueueFiles) { self.files = files }

    /// Adds what is asked for to an observation. Where nothing is, nothing is read.
    mutating func observe(
        _ interests: [InterfaceIndex: QueueInterest], into state: inout KernelState
    ) throws(KernelError) {
        guard !interests.isEmpty else { return }
        let sysfs = files.sysfs
        links = Dictionary(state.links.map { ($0.index, $0) }) { first, _ in first }
        let host = SteeringHost(
            topology: CPUTopology(sysfs),
            hasIRQBalance: interests.values.contains { $0.policy.irqAffinity == .auto }
                && sysfs.hasIRQBalance)
        state.steeringHost = host
        let channels = try openEthtool().channels(
            of: state.links.filter { interests[$0.index] != nil })
        interrupts = nil
        (isOurs, isReadOnly) = (false, false)
        for (index, interest) in interests {
            guard let link = links[index] else { continue }
            var aspects = interest.aspects
            // On one node everything is near.
            if host.topology.nodes.count > 1 { aspects.insert(.node) }
            var queues = read(link, aspects)
            let device = queues.map {
                SteeringDevice(link, channels: channels[index], queues: $0)
            }
            if let device, aspects != .all, interest.changesChannels(of: device, on: host) {
                queues = read(link, .all)
            }
            state.queues[index] = ObservedQueues(channels: channels[index], queues: queues)
        }
    }

    private mutating func read(
        _ link: Link, _ aspects: InterfaceQueues.Aspects
    ) -> InterfaceQueues? {
        if aspects.contains(.interrupts), interrupts == nil {
            interrupts = InterruptTable(files.sysfs)
        }
        var queues = files.read(link, aspects, interrupts: interrupts, isOurs: isOurs)
        if queues == nil, ownSysFS == nil, let own = OwnSysFS() {
            ownSysFS = own
            files.sysfs.root = own.path
            queues = files.read(link, aspects, interrupts: interrupts)
        }
        if let found = queues, link.mac != nil, !isOurs {
            isOurs = true
            isReadOnly = found.isReadOnly
        }
        if isReadOnly { queues?.isReadOnly = true }
        return queues
    }

    private mutating func openEthtool() throws(KernelError) -> Ethtool {
        if let ethtool { return ethtool }
        let new = try Ethtool()
        ethtool = new
        return new
    }

    /// Before changes are made: what /sys shows may have changed since it was last looked at.
    mutating func beginWriting() {
        shown = []
        interrupts = nil
    }

    /// Equivalent to `ethtool -L`.
    mutating func set(_ setting: ChannelSetting) throws(KernelError) {
        try openEthtool().setChannels(setting.counts, of: try link(setting.interface))
        interrupts = nil
    }

    /// - Throws: what the kernel refused; an interrupt whose affinity it manages by itself is
    ///   left as it is.
    mutating func write(_ setting: SteeringSetting) throws(KernelError) {
        let link = try link(setting.interface)
        if shown.insert(link.index).inserted, !files.shows(link) {
            throw KernelError(
                "write \(setting.file.name)", .operationNotSupportedByDevice,
                message: "/sys shows another network namespace's \(link.name)")
        }
        guard case .interrupt = setting.file else {
            return try files.write(setting.value, to: setting.file, of: link)
        }
        let table = interrupts ?? InterruptTable(files.sysfs)
        interrupts = table
        do throws(KernelError) {
            try files.write(setting.value, to: setting.file, of: link, interrupts: table)
        } catch  where error.isOfManagedInterrupt {}
    }

    private func link(_ index: InterfaceIndex) throws(KernelError) -> Link {
        guard let link = links[index] else {
            throw KernelError("find interface \(index)", .operationNotSupportedByDevice)
        }
        return link
    }
}

extension KernelError {
    /// The kernel moves it by itself (irqd_affinity_is_managed), or the driver made none for a new
    /// queue: nothing that could be done about it.
    fileprivate var isOfManagedInterrupt: Bool {
        errno == .ioError || errno == .notPermitted || errno == .noSuchFileOrDirectory
    }
}
