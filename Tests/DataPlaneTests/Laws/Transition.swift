import Netlink

@testable import DataPlane

/// One apply, watched change by change.
struct Transition {
    /// nil: applied, or nothing to do.
    var result: String?
    /// Packets that break the law afterwards.
    var law: [String] = []
    /// Promise 7: paths of the primary's addresses that are gone.
    var lostPaths: [String] = []
    /// Promise 4: paths that were the same before and after, and not in between.
    var brokenMeanwhile: [String] = []
    /// Packets that broke the law in between and neither before nor after.
    var lawlessMeanwhile: [String] = []
    /// Addresses that another interface has afterwards: in between they are somewhere, and their
    /// packets go the old way or the new one.
    var lostOnTheMove: [String] = []
    /// Promise 5: what others made and is not there any more.
    var lostForeign: [String] = []

    /// nil where the plan has a conflict: nothing is done then.
    ///
    /// - Parameter text: the file; nil for `teardown`.
    init?(of machine: Machine, to text: String?, rebind: Rebind? = nil) throws {
        let before = machine.state
        let preview = try text.map { try machine.preview($0, rebind) } ?? machine.previewTeardown()
        guard preview.plan.conflicts.isEmpty else { return nil }
        var steps: [(change: Change, state: KernelState)] = []
        machine.kernel.onChange = { steps.append(($0, $1)) }
        let outcome = try text.map { try machine.apply($0, rebind) } ?? machine.teardown()
        machine.kernel.onChange = { _, _ in }
        switch outcome.result {
        case .applied, .unchanged: break
        default:
            result = "\(outcome.result)"
            return
        }
        let after = machine.state
        watchMoved(steps, before, after)
        let managed = Set(
            preview.desired.interfaces.filter { $0.config.isManaged }.compactMap { $0.link?.index })
        let ignoring = Set(
            preview.desired.interfaces.filter { $0.config.mainRoutes == .ignore }
                .compactMap { $0.link?.index })
        law =
            Law(state: after, managed: managed, ignoring: ignoring, paths: preview.desired.paths)
            .violations
        let foreign = Set(before.foreignObjects).subtracting(after.foreignObjects)
        let names = InterfaceNames(of: after.links)
        lostForeign = foreign.map { $0.description(names: names) }.sorted()
        watch(steps, before, after, names: names)
        let primary = preview.desired.interfaces.first { $0.config.isPrimary }?.link?.index
        findLostPaths(of: primary, before, after, mayIgnoreMain: !ignoring.isEmpty)
    }

    private mutating func watch(
        _ steps: [(change: Change, state: KernelState)], _ before: KernelState,
        _ after: KernelState, names: InterfaceNames
    ) {
        let enis = Set((before.links + after.links).filter { $0.group != 0 }.map(\.index))
        for flow in Traffic.flows(before, keptIn: after) {
            let old = Traffic.path(flow, in: before)
            let new = Traffic.path(flow, in: after)
            guard !old.isLocal, !new.isLocal else { continue }
            for (number, step) in steps.enumerated() where step.change.mayMove(flow) {
                let now = Traffic.path(flow, in: step.state)
                func story() -> String {
                    "\(flow.description(names)): \(old.description(names)), "
                        + "\(now.description(names)) after change \(number), "
                        + "\(step.change.summary(names)), then \(new.description(names))"
                }
                if now != old && now != new && (old == new || now.isRejected) {
                    brokenMeanwhile.append(story())
                    break
                }
                guard case .own(_, let interface) = flow.kind else { continue }
                func isLawful(_ path: Traffic.Path) -> Bool {
                    guard case .one(let outcome) = path else { return true }
                    return outcome.interfaces.intersection(enis).isSubset(of: [interface])
                }
                if isLawful(old), isLawful(new), !isLawful(now) {
                    lawlessMeanwhile.append(story())
                    break
                }
            }
        }
    }

    private mutating func watchMoved(
        _ steps: [(change: Change, state: KernelState)], _ before: KernelState,
        _ after: KernelState
    ) {
        let names = InterfaceNames(of: after.links)
        let there = Dictionary(
            grouping: Traffic.addresses(after), by: \.address)
        for old in Traffic.addresses(before) {
            guard let new = there[old.address]?.first, new.interface != old.interface else {
                continue
            }
            for destination in Traffic.destinations
            where destination.family == old.family && !before.isLocal(destination) {
                let flow = Traffic.Flow(
                    kind: .own(old.address, old.interface), destination: destination)
                let ends = [before, after].map { Traffic.path(flow, in: $0) }
                for (number, step) in steps.enumerated() {
                    let now = Traffic.path(flow, in: step.state)
                    let isHere = step.state.addresses.contains { $0.address == old.address }
                    guard !isHere || !ends.contains(now) else { continue }
                    lostOnTheMove.append(
                        "\(flow.description(names)): \(now.description(names)) after change "
                            + "\(number), \(step.change.summary(names)); from "
                            + "\(ends[0].description(names)) to \(ends[1].description(names))")
                    break
                }
            }
        }
    }

    private mutating func findLostPaths(
        of primary: InterfaceIndex?, _ before: KernelState, _ after: KernelState,
        mayIgnoreMain: Bool
    ) {
        guard let primary else { return }
        for flow in Traffic.flows(before, keptIn: after) {
            guard case .own(_, primary) = flow.kind,
                case .one(.out(let exits)) = Traffic.path(flow, in: before),
                case .one(.rejected) = Traffic.path(flow, in: after)
            else { continue }
            if mayIgnoreMain && !exits.contains(where: { $0.interface == primary }) { continue }
            let names = InterfaceNames(of: after.links)
            lostPaths.append("\(flow.description(names)) left by \(exits)")
        }
    }
}

extension Change {
    /// Whether the lookups of a flow can tell: most changes are about other packets.
    fileprivate func mayMove(_ flow: Traffic.Flow) -> Bool {
        switch object {
        case .route(let route): return route.destination.contains(flow.destination)
        case .rule(let rule):
            guard rule.family == flow.destination.family else { return false }
            guard case .own(let source, _) = flow.kind, !rule.isInverted else { return true }
            return rule.source?.contains(source) ?? true
        case .address(let address): return address.family == flow.destination.family
        case .link: return true
        case .sysctl(let setting): return setting.name.components.last == "disable_ipv6"
        case .channels, .steering: return false
        }
    }

    fileprivate func summary(_ names: InterfaceNames) -> String {
        let sign =
            switch action {
            case .add: "+"
            case .remove: "-"
            case .replace: "~"
            }
        return "\(sign) \(object.kind) \(description(names: names))"
    }
}

extension KernelState {
    /// What is neither ours nor derived by the kernel from something.
    fileprivate var foreignObjects: [KernelObject] {
        let ours: UInt8 = 82
        return addresses.filter { $0.protocol != ours && !$0.address.isLinkLocal }.map {
            // A secondary is promoted when its primary, ours, goes.
            var address = $0
            address.flags.remove(.secondary)
            return .address(address)
        }
            + routes.filter { $0.protocol != .kernel && $0.protocol.rawValue != ours }.map {
                .route($0)
            } + rules.filter { $0.protocol.rawValue != ours }.map { .rule($0) }
    }
}
