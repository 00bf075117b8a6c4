import Netlink
import RPSTuner

extension QueueValue {
    /// What a new queue has.
    var none: QueueValue {
        switch self {
        case .cpus: .cpus([])
        case .count: .count(0)
        }
    }
}

extension SteeringSetting {
    func with(_ value: QueueValue) -> SteeringSetting {
        var setting = self
        setting.value = value
        return setting
    }

    /// The same file of a queue that the kernel has just made.
    var new: KernelObject { .steering(with(value.none)) }

    func hasValue(of object: KernelObject?) -> Bool {
        guard case .steering(let setting) = object else { return false }
        return setting.value == value
    }

    /// The CPUs that the kernel took, where these are fewer than were asked for and no others.
    func narrows(_ wanted: SteeringSetting) -> String? {
        guard case .cpus(let mine) = value, case .cpus(let all) = wanted.value,
            mine.isSubset(of: all)
        else { return nil }
        return mine.isEmpty ? "no CPU of \(all)" : "CPUs \(mine) of \(all)"
    }

    var identity: KernelObject.Identity { .steering(interface, file) }
}

extension KernelObject.Identity {
    var isOfQueue: Bool { if case .steering = self { true } else { false } }

    /// The interface whose channels or queues it is about.
    var queueOwner: InterfaceIndex? {
        switch self {
        case .channels(let interface), .steering(let interface, _): interface
        default: nil
        }
    }
}
