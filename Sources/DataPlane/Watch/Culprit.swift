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
    /// Of those who undid something of ours.
    private(set) var undoers: [Culprit] = []
    /// Of the others whose changes concern us.
    private(set) var others: [Culprit] = []
    /// Port ids that have been asked about.
    private var known: [UInt32: Culprit] = [:]
    private var hasSearched = false
    /// More would help nobody.
    private static let most = 8
    private static let mostShown = 3

    mutating func add(_ event: KernelEvent, isUndoing: Bool, isForeign: Bool) {
        guard event.requester != 0, undoers.count < Self.most, var culprit = who(event.requester)
        else { return }
        if isForeign, !event.isRemoval { culprit.protocol = event.protocol }
        if isUndoing {
            if !undoers.contains(culprit) { undoers.append(culprit) }
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

    /// Who undid something; nil where nobody is known.
    var undoerNames: String? { undoers.isEmpty ? nil : Self.names(undoers) }

    /// `; undone by ip (process 4711)`; empty where nobody is known.
    var words: String {
        if let undoerNames { return "; undone by \(undoerNames)" }
        return others.isEmpty ? "" : "; after a change by \(Self.names(others))"
    }
}
