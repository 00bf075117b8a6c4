import Netlink
import RPSTuner
import SystemPackage

@testable import DataPlane

/// A kernel whose state behaves like Linux, with one scripted fault.
final class FakeKernel: Kernel {
    /// What goes wrong, at a change counted from 0 over the kernel's whole life.
    enum Fault: Hashable {
        /// The kernel says no, and goes on with what stands behind it in the same send.
        case refusal(at: Int)
        /// rtsetup is killed before this change: nothing is made or answered from then on.
        case crash(at: Int)
        /// ENOBUFS: everything of this send is made, and nobody hears of it.
        case lostAnswer(at: Int)
    }

    private(set) var state: KernelState
    var fault: Fault?
    /// How many requests reached the kernel, refused ones included.
    private(set) var requests = 0
    private(set) var isCrashed = false
    /// Looks at the state after each request.
    var onChange: (Change, KernelState) -> Void = { _, _ in }
    /// After a look.
    var onObserved: () -> Void = {}

    init(_ state: KernelState, fault: Fault? = nil) {
        self.state = state
        self.fault = fault
    }

    /// What the kernel says no to, again and again.
    var refuses: (Change.Action) -> Bool = { _ in false }
    /// What the kernel leaves of a mask that is written; nil: all.
    var housekeeping: CPUMask?
    /// The driver makes the interrupts of new queues, as most do; virtio has them from the start.
    var makesInterrupts = false
    /// The kernel moves interrupts itself: what is written is without effect.
    var managesInterrupts = false

    func observe(
        sysctls: ([Link]) -> Set<SysctlName>,
        queues: ([Link]) -> [InterfaceIndex: QueueInterest]
    ) throws(KernelError) -> KernelState {
        guard !isCrashed else { throw KernelError("observe", .interrupted) }
        defer { onObserved() }
        var seen = state
        let asked = sysctls(state.links)
        seen.sysctls = state.sysctls.filter { asked.contains($0.key) }
        seen.queues = [:]
        seen.steeringHost = nil
        for (index, interest) in queues(state.links) {
            seen.steeringHost = state.steeringHost
            seen.queues[index] = state.seen(index, interest)
        }
        return seen
    }

    func perform(_ changes: [Change]) throws(Refusal) {
        var refused: [Int: KernelError] = [:]
        var isAnswerLost = false
        for (index, change) in changes.enumerated() where !change.isSideEffect {
            defer { requests += 1 }
            switch fault {
            case .crash(at: requests): isCrashed = true
            case .refusal(at: requests):
                fault = nil
                refused[index] = KernelError("scripted", .invalidArgument)
                continue
            case .lostAnswer(at: requests):
                fault = nil
                isAnswerLost = true
            default: break
            }
            guard !isCrashed else {
                throw Refusal(index: nil, error: KernelError("killed", .interrupted))
            }
            if refuses(change.action) {
                refused[index] = KernelError("refuse", .permissionDenied)
                continue
            }
            do {
                if makesInterrupts, case .channels(let setting) = change.object {
                    state.makeInterrupts(of: setting)
                }
                if !managesInterrupts || !change.object.isInterrupt {
                    try state.make(change.action.narrowed(to: housekeeping))
                }
                onChange(change, state)
            } catch {
                refused[index] = error
            }
        }
        if isAnswerLost {
            throw Refusal(index: nil, error: KernelError("scripted", .noBufferSpace))
        }
        guard let first = refused.min(by: { $0.key < $1.key }) else { return }
        refused[first.key] = nil
        throw Refusal(index: first.key, error: first.value, others: refused)
    }

    /// What another program, or a person, does to the kernel meanwhile.
    func disturb(_ action: Change.Action) throws(KernelError) { try state.make(action) }

    /// The link goes, and what it held.
    func unplug(_ interface: InterfaceIndex) {
        state.links.removeAll { $0.index == interface }
        state.addresses.removeAll { $0.interface == interface }
        state.routes.removeAll { route in
            route.nextHops.contains { $0.interface == interface }
        }
    }
}

extension KernelObject {
    fileprivate var isInterrupt: Bool {
        if case .steering(let setting) = self, case .interrupt = setting.file {
            true
        } else {
            false
        }
    }
}

extension Change.Action {
    /// As the kernel takes a mask when it keeps some CPUs free.
    fileprivate func narrowed(to housekeeping: CPUMask?) -> Change.Action {
        guard let housekeeping else { return self }
        switch self {
        case .add(.steering(var setting)), .replace(_, with: .steering(var setting)):
            guard case .cpus(let cpus) = setting.value else { return self }
            setting.value = .cpus(cpus.intersection(housekeeping))
            return .add(.steering(setting))
        default: return self
        }
    }
}
