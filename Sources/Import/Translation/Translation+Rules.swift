import DataPlane
import Netlink

/// `from ADDRESS lookup N` is what rtsetup makes of `Table = N`; other rules are the file's.
extension Translation {
    private static let kernelTables: ClosedRange<UInt32> = RouteTable.default...RouteTable.local

    /// By the rules of an interface's addresses, else by a default route in a table that nobody
    /// else has.
    mutating func chooseTables() {
        for rule in host.rules where rule.isSourceRule {
            guard let index = interface(of: rule), tables[index] == nil, isFree(rule.rule.table)
            else { continue }
            take(rule.rule.table, for: index)
        }
        for index in host.interfaces.indices where tables[index] == nil {
            let own = routes(of: index).filter { $0.isPlainDefault && isFree($0.table) }
            if let table = own.map(\.table).min() { take(table, for: index) }
        }
    }

    private func isFree(_ table: UInt32) -> Bool {
        table != 0 && !Self.kernelTables.contains(table)
            && !takenTables.contains(table)
    }

    private mutating func take(_ table: UInt32, for index: Int) {
        tables[index] = table
        takenTables.insert(table)
    }

    /// The interface whose own path a source rule is; nil: it is another thing.
    private func interface(of rule: ImportedRule) -> Int? {
        guard let source = rule.rule.source else { return nil }
        let holders = holders(of: source)
        guard let owner = tableOwner(rule.rule.table) else {
            return holders.count == 1 && !Self.kernelTables.contains(rule.rule.table)
                ? holders[0] : nil
        }
        if holders == [owner] { return owner }
        // An address that comes with a lease is in no file.
        let isLeased = host.interfaces[owner].automatic.contains(source.family)
        return holders.isEmpty && source.isHost && isLeased ? owner : nil
    }

    mutating func sortRules() {
        // The kernel's own choice, where nobody says: from below main's downward.
        var next: [AddressFamily: UInt32] = [:]
        let given = Set(host.rules.filter(\.hasPriority).map(\.rule.priority))
        for rule in host.rules {
            if rule.isSourceRule, let index = interface(of: rule) {
                if tables[index] == rule.rule.table {
                    covered[index, default: []].append(rule)
                } else {
                    host.interfaces[index].notes.append(
                        rule.origin.note(
                            "not carried over: an interface has one table, here "
                                + (tables[index].map { "\($0)" } ?? "none")
                                + rule.deletion))
                }
                continue
            }
            if isAboutOwnAddress(rule) {
                host.notes.append(
                    rule.origin.note(
                        "not carried over: packets to the host's own addresses never ask it"
                            + rule.deletion))
                continue
            }
            guard rule.foreignWords.isEmpty else {
                let words = rule.foreignWords.joined(separator: ", ")
                host.notes.append(
                    rule.origin.note(
                        "not carried over: Rules have no key for '\(words)'" + rule.deletion))
                continue
            }
            var rule = rule
            if !rule.hasPriority {
                var priority = next[rule.rule.family] ?? 32765
                while priority > 0, given.contains(priority) { priority -= 1 }
                rule.rule.priority = priority
                next[rule.rule.family] = max(priority, 1) - 1
                let comment = Piece.comment(
                    rule.origin.note("no priority is given; \(priority) as the kernel would"))
                if !rules.suffix(2).contains(comment) { rules.append(comment) }
            }
            rules.append(piece(rule))
        }
    }

    private func isAboutOwnAddress(_ rule: ImportedRule) -> Bool {
        guard rule.rule.source == nil, let destination = rule.rule.destination,
            destination.isHost, rule.rule.action == .lookup, !rule.rule.isInverted
        else { return false }
        return !holders(of: destination).isEmpty
    }

    private func piece(_ imported: ImportedRule) -> Piece {
        let rule = imported.rule
        var entries: [Piece] = [.string("Priority", "\(rule.priority)")]
        func add(_ key: String, _ value: String?) {
            if let value { entries.append(.string(key, value)) }
        }
        if rule.source == nil, rule.destination == nil {
            add("Family", rule.family == .ipv4 ? "ipv4" : "ipv6")
        }
        if rule.isInverted { add("InvertRule", "YES") }
        add("From", rule.source.map { "\($0)" })
        add("To", rule.destination.map { "\($0)" })
        add("FirewallMark", rule.firewallMark.map { "\($0)" })
        add("FirewallMask", rule.firewallMask.map { "\($0)" })
        add("IncomingInterface", rule.incomingInterface)
        add("OutgoingInterface", rule.outgoingInterface)
        if rule.action == .lookup {
            switch rule.table {
            case RouteTable.main: add("Table", "main")
            case RouteTable.default: add("Table", "default")
            default: add("Table", "\(rule.table)")
            }
        } else {
            add("Type", rule.action.description)
        }
        add("SuppressPrefixLength", rule.suppressPrefixLength.map { "\($0)" })
        add("SuppressInterfaceGroup", rule.suppressInterfaceGroup.map { "\($0)" })
        return .dictionary(nil, entries, imported.origin)
    }
}

extension ImportedRule {
    /// For notes.
    fileprivate var deletion: String { removal.map { "; to delete it: \($0)" } ?? "" }
}
