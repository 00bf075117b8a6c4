import DataPlane
import Netlink

/// The words behind `ip rule add`.
struct RuleWords {
    private var words: ArraySlice<String>
    private let tables: TableNames
    private var family: AddressFamily?
    private var rule = Rule(family: .ipv4, priority: 0, protocol: .boot)
    private var hasPriority = false
    private var hasTarget = false
    private var foreignWords: [String] = []

    /// - Parameter family: of `ip -6`; nil: as From and To tell, IPv4 without them.
    static func read(
        _ words: some Sequence<String>, family: AddressFamily? = nil, tables: TableNames,
        origin: Origin
    ) throws(WordProblem) -> ImportedRule {
        var reader = RuleWords(words: Array(words)[...], tables: tables, family: family)
        try reader.read()
        return ImportedRule(
            rule: reader.rule, hasPriority: reader.hasPriority,
            foreignWords: reader.foreignWords, origin: origin, removal: reader.removal)
    }

    private init(words: ArraySlice<String>, tables: TableNames, family: AddressFamily?) {
        self.words = words
        self.tables = tables
        self.family = family
    }

    /// A delete without a priority would take the first match, which is ours by then.
    private var removal: String {
        let ip = rule.family == .ipv6 ? "ip -6" : "ip"
        let priority = hasPriority ? "priority \(rule.priority) " : "priority N "
        let words = rule.words.filter { $0.key != "protocol" }.command
        return "\(ip) rule del \(priority)\(words)"
            + foreignWords.map { " \($0)" }.joined()
    }

    private mutating func value(of key: String) throws(WordProblem) -> String {
        guard let value = words.popFirst() else { throw WordProblem("\(key) needs a value") }
        return value
    }

    private mutating func number(of key: String) throws(WordProblem) -> UInt32 {
        let text = try value(of: key)
        guard let number: UInt32 = wordNumber(text) else {
            throw WordProblem("\(key) \(text) is no number")
        }
        return number
    }

    private mutating func read() throws(WordProblem) {
        while let word = words.popFirst() { try read(word.expandedWord) }
        let given = (rule.source ?? rule.destination)?.family
        if let family, let given, family != given {
            throw WordProblem("its addresses are not \(family)")
        }
        if let to = rule.destination, let from = rule.source, to.family != from.family {
            throw WordProblem("from and to are of two families")
        }
        rule.family = family ?? given ?? .ipv4
        if rule.source?.isDefault == true { rule.source = nil }
        if rule.destination?.isDefault == true { rule.destination = nil }
        // iproute2 looks into main where nothing is said.
        if !hasTarget { rule.table = RouteTable.main }
    }

    private mutating func read(_ word: String) throws(WordProblem) {
        switch word {
        case "not": rule.isInverted = true
        case "from": rule.source = try prefix(of: word)
        case "to": rule.destination = try prefix(of: word)
        case "iif", "dev": rule.incomingInterface = try value(of: word)
        case "oif": rule.outgoingInterface = try value(of: word)
        case "priority", "order", "pref", "preference", "prio":
            rule.priority = try number(of: word)
            hasPriority = true
        case "table", "lookup":
            let name = try value(of: word)
            guard let table = tables[name] else { throw .unknownTable(name) }
            rule.table = table
            hasTarget = true
        case "fwmark": try readMark()
        case "suppress_prefixlength", "sup_pl":
            rule.suppressPrefixLength = try number(of: word)
        case "suppress_ifgroup", "sup_group":
            rule.suppressInterfaceGroup = try number(of: word)
        case "protocol": _ = try value(of: word)
        case "type": try readAction(try value(of: word))
        case "blackhole", "unreachable", "prohibit", "unicast": try readAction(word)
        case "tos", "dsfield", "uidrange", "ipproto", "sport", "dport", "goto", "realms", "nat",
            "map-to", "tun_id":
            foreignWords.append("\(word) \(try value(of: word))")
            if word == "goto" { hasTarget = true }
        case "l3mdev", "nop":
            foreignWords.append(word)
            hasTarget = true
        default: throw WordProblem("'\(word)' is not understood")
        }
    }

    private mutating func readAction(_ word: String) throws(WordProblem) {
        switch word {
        case "unicast": return
        case "blackhole": rule.action = .blackhole
        case "unreachable": rule.action = .unreachable
        case "prohibit": rule.action = .prohibit
        default: throw WordProblem("rules of type \(word) are not supported")
        }
        hasTarget = true
    }

    /// `0x1` or `0x1/0xff`
    private mutating func readMark() throws(WordProblem) {
        let text = try value(of: "fwmark")
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let mark: UInt32 = wordNumber(parts[0]) else {
            throw WordProblem("fwmark \(text) is no number")
        }
        var mask: UInt32?
        if parts.count == 2 {
            mask = wordNumber(parts[1])
            if mask == nil { throw WordProblem("fwmark \(text) has no mask") }
        }
        // The kernel takes a mark of 0 for none where no mask is said, and a mask of 0 for no mark.
        guard (mask ?? mark) != 0 else { return }
        rule.firewallMark = mark
        rule.firewallMask = mask
    }

    private mutating func prefix(of key: String) throws(WordProblem) -> IPPrefix? {
        let text = try value(of: key)
        if ["all", "any", "default"].contains(text) { return nil }
        guard let prefix = IPPrefix.abbreviated(text) else {
            throw WordProblem("\(key) \(text) is no prefix (host bits must be zero)")
        }
        return prefix
    }
}
