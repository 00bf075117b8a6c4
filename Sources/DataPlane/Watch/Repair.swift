import Netlink

/// What a run has put right, for one line of the log.
struct Repair {
    let names: InterfaceNames
    private let took: Duration
    let changes: [Change]
    private static let most = 5

    init(_ outcome: Outcome, took: Duration) {
        names = InterfaceNames(of: outcome.links)
        self.took = took
        changes = outcome.plan.changes.lasting
    }

    var count: Int { changes.count }

    /// `6.1 ms`
    var milliseconds: String {
        let (seconds, attoseconds) = took.components
        let tenths = seconds * 10_000 + attoseconds / 100_000_000_000_000
        return "\(tenths / 10).\(tenths % 10) ms"
    }

    /// The first of them, without what was done: `rule 20001: from 10.0.0.30 lookup 1001`.
    var example: String {
        changes.first?.name(names) ?? "nothing"
    }

    /// `6.1 ms: added rule 20001: from 10.0.0.30 lookup 1001`
    var text: String {
        let shown = changes.prefix(Self.most).map { change in
            let verb =
                switch change.action {
                case .add: "added"
                case .replace: "changed"
                case .remove: "removed"
                }
            let note = change.note.map { " (\($0))" } ?? ""
            return "\(verb) \(change.name(names))\(note)"
        }
        let more = changes.count - shown.count
        return "\(milliseconds): "
            + (shown + (more > 0 ? ["and \(more) more"] : [])).joined(separator: ", ")
    }
}

extension Change {
    /// With the interface where iproute2's words leave it to the rest of the command.
    func name(_ names: InterfaceNames) -> String {
        let words = "\(object.kind) \(description(names: names))"
        return switch object {
        case .link(let setting):
            "link \(names.name(of: setting.interface)) \(description(names: names))"
        case .address(let address): "\(words) dev \(names.name(of: address.interface))"
        default: words
        }
    }
}

extension [Change] {
    /// What differs in the end: neither side effects nor what only comes and goes on the way.
    var lasting: [Change] {
        let made = filter { !$0.isSideEffect }
        var added: Set<KernelObject.Identity> = []
        var passing: Set<KernelObject.Identity> = []
        for change in made {
            switch change.action {
            case .add(let object): added.insert(object.identity)
            case .remove(let object) where added.contains(object.identity):
                passing.insert(object.identity)
            case .remove, .replace: break
            }
        }
        return made.filter { change in
            let identity = change.object.identity
            if case .remove = change.action { return !added.contains(identity) }
            return !passing.contains(identity)
        }
    }
}
