import Netlink

/// Changes on their way into one batch.
///
/// Nothing that takes a path away, and no rule that leads to one, is sent before what it relies
/// on is known to be there: the kernel carries out a chunk to its end, refusals or not.
struct PendingChanges: ~Copyable {
    var batch = Batch()
    /// For each request, the change that it belongs to.
    private(set) var changes: [Int] = []
    /// The rules to add are known not to be there.
    let rulesAreNew: Bool
    private var hasAddition = false
    private var lastIsRule = true

    init(rulesAreNew: Bool) { self.rulesAreNew = rulesAreNew }

    mutating func append(_ action: Change.Action, index: Int) {
        switch action {
        case .add(let object):
            separate(isRule: object.isRule, isAddition: true)
            add(object)
        case .remove(let object):
            separate(isRule: object.isRule, isAddition: false)
            remove(object)
        case .replace(.rule(let old), with: .rule(let new)):
            // The kernel has no replace for rules.
            append(.add(.rule(new)), index: index)
            append(.remove(.rule(old)), index: index)
        case .replace(_, with: let object):
            separate(isRule: object.isRule, isAddition: false)
            replace(object)
        }
        while changes.count < batch.count { changes.append(index) }
    }

    private mutating func separate(isRule: Bool, isAddition: Bool) {
        if (isRule && !lastIsRule) || (!isAddition && hasAddition) {
            batch.barrier()
            hasAddition = false
        }
        lastIsRule = isRule
        hasAddition = hasAddition || isAddition
    }

    private mutating func add(_ object: KernelObject) {
        switch object {
        case .address(let address): batch.add(address)
        // As the kernel makes them: those of several links stand side by side.
        case .route(let route) where route.isConnected: batch.append(route)
        case .route(let route): batch.add(route)
        case .rule(let rule): batch.add(rule, isKnownNew: rulesAreNew)
        case .link: replace(object)
        case .sysctl, .channels, .steering: break
        }
    }

    private mutating func replace(_ object: KernelObject) {
        switch object {
        case .address(let address): batch.replace(address)
        case .route(let route): batch.replace(route)
        case .rule(let rule): batch.add(rule, isKnownNew: rulesAreNew)
        case .link(let setting):
            switch setting.value {
            case .mtu(let mtu): batch.setMTU(mtu, of: setting.interface)
            case .group(let group): batch.setGroup(group, of: setting.interface)
            case .up(let up): batch.setUp(up, of: setting.interface)
            }
        case .sysctl, .channels, .steering: break
        }
    }

    private mutating func remove(_ object: KernelObject) {
        switch object {
        case .address(let address): batch.remove(address)
        case .route(let route): batch.remove(route)
        case .rule(let rule): batch.remove(rule)
        case .link, .sysctl, .channels, .steering: break
        }
    }
}

extension KernelObject {
    fileprivate var isRule: Bool {
        if case .rule = self { true } else { false }
    }
}
