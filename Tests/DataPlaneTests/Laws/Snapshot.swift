import Netlink
import RPSTuner

@testable import DataPlane

/// What two states must have in common to be the same: lifetimes and the order of equals apart.
struct Snapshot: Equatable {
    var links: [String]
    var addresses: [String]
    var routes: [String]
    var rules: [String]
    var sysctls: [String]
    var queues: [String]

    init(_ state: KernelState) {
        let iproute2 = IPRoute2(state)
        links = state.links.map {
            "\($0.name) mtu \($0.mtu) group \($0.group)" + ($0.isUp ? " up" : "")
        }
        addresses = state.addresses.map {
            iproute2.command(.add(.address($0))) + " proto \($0.protocol)"
                + ($0.flags.contains(.secondary) ? " secondary" : "")
        }.sorted()
        routes = state.routes.map { iproute2.line($0) + " proto \($0.protocol.rawValue)" }.sorted()
        rules = state.rules.map { iproute2.command(.add(.rule($0))) }.sorted()
        sysctls = state.sysctls.map { "\($0.key)=\($0.value)" }.sorted()
        queues = state.queues.flatMap { index, observed in
            let channels = observed.channels?.counts.words.text ?? "no channels"
            let files = (observed.queues?.values ?? []).map { "\($0.file.name) \($0.value.text)" }
            return ([channels] + files).map { "\(index): \($0)" }
        }.sorted()
    }

    /// What only one of both has.
    func differences(from other: Snapshot) -> [String] {
        [\Snapshot.links, \.addresses, \.routes, \.rules, \.sysctls, \.queues].flatMap { part in
            let (mine, theirs) = (self[keyPath: part], other[keyPath: part])
            return mine.filter { !theirs.contains($0) }.map { "- \($0)" }
                + theirs.filter { !mine.contains($0) }.map { "+ \($0)" }
                + (mine.count == theirs.count ? [] : ["\(mine.count) became \(theirs.count)"])
        }
    }
}
