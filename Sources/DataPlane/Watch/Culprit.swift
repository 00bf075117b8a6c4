import Netlink

/// Who has changed something, as far as the kernel tells.
struct Culprit: Hashable, Sendable {
    /// Nil where the socket that asked is gone, and its port does not tell.
    var process: UInt32?
    /// `ip`, `systemd-network`; nil where there is no such process any more.
    var name: String?
    /// What marks the routes or rules that it has put in the place of ours.
    var `protocol`: RouteProtocol?
}

extension Culprit: CustomStringConvertible {
    var description: String {
        let who =
            switch (name, process) {
            case (let name?, let process?): "\(name) (process \(process))"
            case (nil, let process?): "process \(process) (ended)"
            case (_, nil): "a process that has ended"
            }
        return who + (self.protocol.map { " with protocol \($0)" } ?? "")
    }
}

/// Who has changed something since the last look.
struct Culprits {
    /// Those who undid something of ours, and what it was.
    private var undoers: [(culprit: Culprit, deeds: Set<KernelEvent>)] = []
    /// Of the others whose changes concern us.
    private(set) var others: [Culprit] = []
    /// Port ids that have been asked about.
    private var known: [UInt32: Culprit] = [:]
    private var hasSearched = false
    /// More would help nobody.
    private static let most = 8
    private static let mostShown = 3
    private static let mostDeeds = 64

    mutating func add(_ event: KernelEvent, isUndoing: Bool, isForeign: Bool) {
        guard event.requester != 0, var culprit = who(event.requester) else { return }
        if isForeign, !event.isRemoval { culprit.protocol = event.protocol }
        if isUndoing {
            if let index = undoers.firstIndex(where: { $0.culprit == culprit }) {
                guard undoers[index].deeds.count < Self.mostDeeds else { return }
                undoers[index].deeds.insert(event)
            } else if undoers.count < Self.most {
                undoers.append((culprit, [event]))
            }
        } else if !others.contains(culprit), others.count < Self.most {
            others.append(culprit)
        }
    }

    /// Asks while the process lives: `ip` is gone as soon as it has its answer.
    private mutating func who(_ port: UInt32) -> Culprit? {
        if let culprit = known[port] { return culprit }
        guard known.count < 4 * Self.most else { return nil }
        var culprit = Culprit(process: NetlinkPort.process(of: port, searches: !hasSearched))
        if port >= UInt32(1) << 31 { hasSearched = true }
        if let process = culprit.process,
            let name = (try? Files.read("/proc/\(process)/comm")) ?? nil
        {
            culprit.name = String(decoding: name.prefix { $0 != 0x0A }, as: UTF8.self)
        }
        known[port] = culprit
        return culprit
    }

    mutating func clear() { self = Culprits() }

    /// Those with a name, if there are any.
    private static func names(_ culprits: [Culprit]) -> String {
        let named = culprits.filter { $0.name != nil }
        let shown = (named.isEmpty ? culprits : named).map(\.description)
        let more = shown.count > mostShown ? ["\(shown.count - mostShown) more"] : []
        return (shown.prefix(mostShown) + more).joined(separator: ", ")
    }

    /// Who undid what these changes put right; nil where nobody is known. The kernel does not tell
    /// of everything that goes with something else: then it may have been any of them.
    func undoers(of changes: [Change]) -> String? {
        let doers = undoers.filter { _, deeds in
            deeds.contains { deed in changes.contains { deed.isAbout($0.object) } }
        }
        let culprits = (doers.isEmpty ? undoers : doers).map(\.culprit)
        return culprits.isEmpty ? nil : Self.names(culprits)
    }

    /// `; undone by ip (process 4711)`; empty where nobody is known.
    func words(of changes: [Change]) -> String {
        if let names = undoers(of: changes) { return "; undone by \(names)" }
        return others.isEmpty ? "" : "; after a change by \(Self.names(others))"
    }
}

extension KernelEvent {
    /// Whether it tells of this object.
    fileprivate func isAbout(_ object: KernelObject) -> Bool {
        switch (subject, object) {
        case (.route, .route(let route)): table == route.table
        case (.rule, .rule(let rule)): table == rule.table && address == rule.source?.address
        case (.address, .address(let other)): address == other.address
        case (.link, _): interface.map(object.interfaces.contains) ?? false
        default: false
        }
    }
}
