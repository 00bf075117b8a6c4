import Netlink
import SystemPackage

@testable import DataPlane

extension KernelState {
    /// Does what the kernel does with one request.
    mutating func make(_ action: Change.Action) throws(KernelError) {
        switch action {
        case .add(.address(let address)): try add(address, replacing: false)
        case .remove(.address(let address)): try remove(address)
        case .replace(.address, with: .address(let address)): try add(address, replacing: true)
        case .add(.route(let route)): try add(route, replacing: false)
        case .remove(.route(let route)): try remove(route)
        case .replace(.route, with: .route(let route)): try add(route, replacing: true)
        case .add(.rule(let rule)): try add(rule)
        case .remove(.rule(let rule)): try remove(rule)
        case .add(.link(let setting)), .replace(.link, with: .link(let setting)): try set(setting)
        case .add(.sysctl(let setting)), .replace(.sysctl, with: .sysctl(let setting)):
            try set(setting)
        case .add(.channels(let setting)), .replace(.channels, with: .channels(let setting)):
            try set(setting)
        case .add(.steering(let setting)), .replace(.steering, with: .steering(let setting)):
            try set(setting)
        case .remove(.link), .remove(.sysctl), .remove(.channels), .remove(.steering), .replace:
            throw KernelError("change", .notSupported)
        }
    }

    private mutating func add(_ rule: Rule) throws(KernelError) {
        guard !rules.contains(where: { $0.isTwin(of: rule) }) else {
            throw KernelError("add rule", .fileExists)
        }
        let index = rules.firstIndex { $0.family == rule.family && $0.priority > rule.priority }
        rules.insert(rule, at: index ?? rules.endIndex)
    }

    /// The first that fits; an absent attribute fits any.
    private mutating func remove(_ rule: Rule) throws(KernelError) {
        guard let index = rules.firstIndex(where: { $0.fits(rule) }) else {
            throw KernelError("remove rule", .noSuchFileOrDirectory)
        }
        rules.remove(at: index)
    }
}

extension Rule {
    /// rule_exists: a new rule without a prefix finds its twin in one that has any.
    fileprivate func isTwin(of new: Rule) -> Bool {
        var mine = self
        if new.source == nil { mine.source = nil }
        if new.destination == nil { mine.destination = nil }
        mine.isInverted = new.isInverted
        return mine == new
    }

    /// fib_nl_delrule: rule_find.
    fileprivate func fits(_ wanted: Rule) -> Bool {
        func fits<Value: Equatable>(_ key: KeyPath<Rule, Value?>) -> Bool {
            wanted[keyPath: key] == nil || wanted[keyPath: key] == self[keyPath: key]
        }
        return family == wanted.family && priority == wanted.priority && action == wanted.action
            && isInverted == wanted.isInverted
            && (wanted.table == 0 || table == wanted.table)
            && (wanted.protocol == .unspecified || `protocol` == wanted.protocol)
            && fits(\.incomingInterface) && fits(\.outgoingInterface) && fits(\.firewallMark)
            && fits(\.firewallMask) && fits(\.suppressPrefixLength)
            && fits(\.suppressInterfaceGroup)
            // fib4_rule_compare and fib6_rule_compare
            && fits(\.source) && fits(\.destination)
    }
}
