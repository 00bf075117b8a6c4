import Netlink
import RPSTuner

extension Session {
    /// What the kernel is to agree with.
    public enum Goal: Sendable {
        case config(Config)
        /// The same, with other bindings.
        case rebind(Rebind, Config)
        /// The file's `Queues` alone; all else stays as it is, and as it is remembered.
        case queues(Config)
        /// `teardown`.
        case nothing
    }
}

extension Session.Goal {
    func desired(kernel: KernelState, memory: Memory) -> DesiredState {
        switch self {
        case .config(let config), .rebind(_, let config):
            return DesiredState(config, kernel: kernel, memory: memory)
        case .queues(let config):
            return DesiredState(queuesOf: config, kernel: kernel, memory: memory)
        case .nothing:
            return DesiredState(forTeardownOf: kernel, memory: memory)
        }
    }

    func sysctlsToObserve(_ links: [Link], memory: Memory) -> Set<SysctlName> {
        switch self {
        case .config(let config), .rebind(_, let config), .queues(let config):
            config.sysctlsToObserve(links, memory: memory)
        case .nothing:
            memory.sysctlsToObserve.union(
                memory.sysctlsToObserve.flatMap { $0.overwrites(links) })
        }
    }

    func queuesToObserve(
        _ links: [Link], memory: Memory
    ) -> [InterfaceIndex: QueueInterest] {
        switch self {
        case .config(let config), .rebind(_, let config), .queues(let config):
            config.queuesToObserve(links, memory: memory)
        case .nothing: memory.queuesToObserve
        }
    }

    func memory(after plan: Plan, bindings: StandingBindings) -> Memory {
        var memory = plan.memory
        memory.bindings = bindings.runtime
        memory.isInterrupted = false
        switch self {
        case .config(let config), .rebind(_, let config):
            memory.pending = []
            memory.files = config.files.map(Files.absolute)
            memory.protocols = [config.protocol]
            memory.discovery = config.discovery.flatMap { $0.isRead ? $0.path : nil }
        case .queues: break
        case .nothing:
            memory.pending = []
            memory.files = []
            memory.discovery = nil
            memory.protocols = []
        }
        return memory
    }
}

extension Memory {
    /// What may be true at any moment while the plan is carried out.
    func during(_ plan: Plan, after: Memory) -> Memory {
        var memory = self
        memory.protocols.formUnion(after.protocols)
        memory.createdAddresses = after.createdAddresses.union(createdAddresses)
        for case .add(.address(let address)) in plan.changes.map(\.action) {
            memory.createdAddresses.insert(address.identity)
        }
        memory.settings.merge(after.settings) { old, new in
            RememberedSetting(
                first: old.first, ours: new.ours, narrowed: new.narrowed, cause: new.cause)
        }
        memory.pending += plan.putBack
        return memory
    }
}
