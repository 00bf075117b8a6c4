public import Netlink
import Plist
public import RPSTuner

/// The queues of this host's interfaces: as they are, and as they should be.
public struct QueueSurvey: Sendable {
    public struct Interface: Sendable {
        public var link: Link
        /// nil: its driver has none.
        public var channels: Channels?
        /// nil: /sys does not show it, for it belongs to another network namespace.
        public var device: SteeringDevice?
        /// What the file asks for; nil: nothing, and `plan` is what `auto` would do.
        public var policy: SteeringPolicy?
        public var plan: SteeringPlan

        /// Why nothing is known of its queues.
        public var obstacle: String? { device == nil ? link.isNotShownBySysFS : nil }
    }

    public private(set) var host: SteeringHost
    /// Entries of the global flow table (`net.core.rps_sock_flow_entries`); nil: this network
    /// namespace has none.
    public private(set) var flowTable: Int?
    /// As they were named; else in the file's order, else in the kernel's.
    public private(set) var interfaces: [Interface]

    /// Looks at the interfaces of these names, or at those that have queues of their own.
    ///
    /// - Parameters:
    ///   - names: kernel names or altnames; empty: the interfaces that the file manages, without a
    ///     file all that are no loopback and have channels or a device.
    ///   - config: nil: there is no file, and `auto` is what everything is compared with.
    /// - Throws: `unavailable` for a name that is not here, `inconsistent` where the kernel cannot
    ///   be asked.
    public init(of names: [String] = [], _ config: Config? = nil) throws(SessionError) {
        let links: [Link]
        let channels: [InterfaceIndex: Channels]
        do throws(KernelError) {
            links = try NetlinkSocket().links()
            channels = try Ethtool().channels(of: links)
        } catch { throw .inconsistent(error) }

        let managed = config?.managedLinks(links)
        let chosen: [Link]
        if !names.isEmpty {
            chosen = try Self.links(named: names, among: links)
        } else if let managed {
            chosen = managed.map(\.link)
        } else {
            chosen = links.filter {
                !$0.isLoopback && (channels[$0.index] != nil || $0.kind == nil)
            }
        }
        var files = QueueFiles()
        // Where /sys is another namespace's, which who may mount one need not put up with.
        let ownSysFS = chosen.allSatisfy { files.shows($0) } ? nil : OwnSysFS()
        defer { withExtendedLifetime(ownSysFS) {} }
        if let ownSysFS { files.sysfs.root = ownSysFS.path }
        flowTable = SysctlFiles().read(.flowTable).flatMap { Int($0) }
        let host = SteeringHost(
            topology: CPUTopology(files.sysfs), hasIRQBalance: files.sysfs.hasIRQBalance,
            hasFlowTable: flowTable != nil)
        self.host = host
        let interrupts = InterruptTable(files.sysfs)
        interfaces = chosen.map { link in
            let queues = files.read(link, .all, interrupts: interrupts)
            let policy = managed?.first { $0.link.index == link.index }?.config.queues?.policy
            let device = SteeringDevice(
                link, channels: channels[link.index], queues: queues ?? InterfaceQueues())
            return Interface(
                link: link, channels: channels[link.index], device: queues.map { _ in device },
                policy: policy, plan: SteeringPlan(policy ?? .automatic, for: device, on: host))
        }
    }

    private static func links(
        named names: [String], among links: [Link]
    ) throws(SessionError) -> [Link] {
        var found: [Link] = []
        var missing: [Diagnostic] = []
        for name in names {
            if let link = links.first(where: { $0.answers(to: name) }) {
                if !found.contains(link) { found.append(link) }
            } else {
                missing.append(Diagnostic(.error, "no interface \(name) on this host"))
            }
        }
        guard missing.isEmpty else { throw .unavailable(missing) }
        return found
    }
}

extension SteeringPolicy {
    /// What is compared with where no file asks for anything: nothing but `auto`, at the channels
    /// that there are.
    fileprivate static var automatic: SteeringPolicy {
        var policy = SteeringPolicy()
        policy.rps = .auto
        policy.xps = .auto
        policy.irqAffinity = .auto
        return policy
    }
}

extension Config {
    /// The entries that the file manages and that are here.
    fileprivate func managedLinks(_ links: [Link]) -> [(config: InterfaceConfig, link: Link)] {
        let host = Host(self, kernel: KernelState(links: links), memory: Memory())
        return host.entries.compactMap { entry in
            guard entry.config.isManaged, let link = entry.link else { return nil }
            return (entry.config, link)
        }
    }
}
