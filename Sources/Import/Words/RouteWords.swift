import Netlink

/// Why words of iproute2 do not make an object of ours.
struct WordProblem: Error, Hashable {
    var reason: String

    init(_ reason: String) { self.reason = reason }

    static func unknownTable(_ name: String) -> WordProblem {
        WordProblem(
            "the route table \(name) has no number here; give rt_tables as a further path")
    }
}

/// The words behind `ip route add`.
struct RouteWords {
    private var words: ArraySlice<String>
    private let tables: TableNames
    private var family: AddressFamily?
    private var route: ImportedRoute
    private var hasDestination = false
    private var hop = ImportedRoute.Hop()
    /// Words that a route of ours has no key for; the route does without them.
    private var ignored: [String] = []

    /// - Parameters:
    ///   - family: of `ip -6`; nil: as the addresses tell, IPv4 without any.
    ///   - origin: their line.
    /// - Returns: the route and the words that it does without.
    static func read(
        _ words: some Sequence<String>, family: AddressFamily? = nil, tables: TableNames,
        origin: Origin
    ) throws(WordProblem) -> (route: ImportedRoute, ignored: [String]) {
        var reader = RouteWords(
            words: Array(words)[...], tables: tables, family: family,
            route: ImportedRoute(destination: .default(family ?? .ipv4), origin: origin))
        try reader.read()
        return (reader.route, reader.ignored)
    }

    private init(
        words: ArraySlice<String>, tables: TableNames, family: AddressFamily?, route: ImportedRoute
    ) {
        self.words = words
        self.tables = tables
        self.family = family
        self.route = route
    }

    private mutating func value(of key: String) throws(WordProblem) -> String {
        guard let value = words.popFirst() else { throw WordProblem("\(key) needs a value") }
        return value
    }

    private mutating func number<Number: FixedWidthInteger>(
        of key: String, _: Number.Type = Number.self
    ) throws(WordProblem) -> Number {
        let text = try value(of: key)
        guard let number: Number = wordNumber(text) else {
            throw WordProblem("\(key) \(text) is no number")
        }
        return number
    }

    private mutating func read() throws(WordProblem) {
        while let word = words.popFirst() { try read(word.expandedWord) }
        let isUnicast = route.type == .unicast
        if isUnicast {
            if route.hops.isEmpty { route.hops = [hop] }
        } else if hop.gateway != nil || !route.hops.isEmpty {
            throw WordProblem("a \(route.type) route has no gateway")
        }
        let gateways = route.hops.compactMap(\.gateway)
        if !hasDestination || route.destination.isDefault {
            let family = family ?? gateways.first?.family ?? route.destination.family
            route.destination = .default(family)
        }
        if gateways.contains(where: { $0.family != route.family }) {
            throw WordProblem("a gateway of another family is not supported")
        }
        if let source = route.source, source.family != route.family {
            throw WordProblem("src \(source) is of another family")
        }
        if route.type != .unicast, let device = hop.device { ignored.append("dev \(device)") }
    }

    private mutating func read(_ word: String) throws(WordProblem) {
        switch word {
        case "to": try readDestination(try value(of: word))
        case "via": hop.gateway = try gateway()
        case "dev", "oif": hop.device = try value(of: word)
        case "onlink": hop.isOnLink = true
        case "table": route.table = try table(try value(of: word))
        case "metric", "priority", "preference": route.metric = try number(of: word)
        case "src", "from":
            guard word == "src" else { throw WordProblem("routes by source are not supported") }
            let text = try value(of: word)
            guard let source = IPAddress(text) else {
                throw WordProblem("src \(text) is no address")
            }
            route.source = source
        case "scope": route.scope = try scope(try value(of: word))
        case "mtu":
            if words.first == "lock" {
                words.removeFirst()
                ignored.append("lock")
            }
            route.mtu = try number(of: word)
        case "nexthop": try readHops()
        case "weight": hop.weight = try weight()
        case "proto", "protocol": _ = try value(of: word)
        case "pervasive": ignored.append(word)
        case "tos", "dsfield", "encap", "nhid", "vrf":
            throw WordProblem("'\(word)' is not supported in a route")
        case _ where Self.metrics.contains(word):
            ignored.append("\(word) \(try value(of: word))")
        case _ where Self.types[word] != nil && !hasDestination:
            route.type = Self.types[word] ?? .unicast
        case "local", "broadcast", "multicast", "anycast", "nat":
            throw WordProblem("\(word) routes are not supported")
        case _ where !hasDestination: try readDestination(word)
        default: throw WordProblem("'\(word)' is not understood")
        }
    }

    private static let types: [String: RouteType] = [
        "unicast": .unicast, "blackhole": .blackhole, "unreachable": .unreachable,
        "prohibit": .prohibit, "throw": .throw,
    ]

    private static let metrics: Set<String> = [
        "advmss", "rtt", "rttvar", "reordering", "window", "cwnd", "initcwnd", "initrwnd",
        "ssthresh", "realm", "realms", "rto_min", "hoplimit", "features", "quickack", "congctl",
        "expires", "pref", "ttl-propagate", "fastopen_no_cookie",
    ]

    private mutating func readDestination(_ word: String) throws(WordProblem) {
        hasDestination = true
        if ["default", "any", "all"].contains(word) { return }
        guard let prefix = IPPrefix.abbreviated(word) else {
            throw WordProblem("'\(word)' is no destination (host bits must be zero)")
        }
        route.destination = prefix
    }

    /// `[inet|inet6] ADDRESS`
    private mutating func gateway() throws(WordProblem) -> IPAddress {
        var text = try value(of: "via")
        if text == "inet" || text == "inet6" { text = try value(of: "via") }
        guard let gateway = IPAddress.withZone(text) else {
            throw WordProblem("via \(text) is no address")
        }
        return gateway
    }

    private func table(_ text: String) throws(WordProblem) -> UInt32 {
        guard let table = tables[text] else { throw .unknownTable(text) }
        return table == 0 ? RouteTable.main : table
    }

    private mutating func weight() throws(WordProblem) -> UInt16 {
        let weight: UInt16 = try number(of: "weight")
        guard (1...256).contains(weight) else { throw WordProblem("weight is from 1 to 256") }
        return weight
    }

    private func scope(_ text: String) throws(WordProblem) -> RouteScope {
        switch text {
        case "global", "universe", "0": return .global
        case "link", "253": return .link
        case "host", "254": return .host
        default: throw WordProblem("scope \(text) is not supported")
        }
    }

    /// Everything behind the first `nexthop`.
    private mutating func readHops() throws(WordProblem) {
        var hop = ImportedRoute.Hop()
        while let word = words.popFirst() {
            switch word {
            case "via": hop.gateway = try gateway()
            case "dev", "oif": hop.device = try value(of: word)
            case "weight": hop.weight = try weight()
            case "onlink": hop.isOnLink = true
            case "pervasive": ignored.append(word)
            case "nexthop":
                route.hops.append(hop)
                hop = ImportedRoute.Hop()
            default: throw WordProblem("'\(word)' is not supported in a next hop")
            }
        }
        route.hops.append(hop)
        guard !route.hops.contains(where: { $0.gateway == nil && $0.device == nil }) else {
            throw WordProblem("a next hop needs via or dev")
        }
    }
}

extension String {
    /// iproute2 takes the beginning of a word; of those that people shorten, the whole.
    var expandedWord: String {
        guard utf8.count > 1, self != "pref" else { return self }
        return ["table", "lookup", "priority", "metric"].first { $0.hasPrefix(self) } ?? self
    }
}

extension IPPrefix {
    /// As iproute2 reads it: `10.8/16` is 10.8.0.0/16. nil where host bits are set.
    static func abbreviated(_ text: String) -> IPPrefix? {
        if let prefix = IPPrefix(text) { return prefix }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !text.contains(":") else { return nil }
        let bytes = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        guard (1...3).contains(bytes.count) else { return nil }
        let address = (bytes + Array(repeating: "0", count: 4 - bytes.count))
            .joined(separator: ".")
        return IPPrefix("\(address)/\(parts[1])")
    }
}

extension IPAddress {
    /// An address whose zone, `fe80::1%eth0`, goes unread.
    static func withZone(_ text: String) -> IPAddress? {
        guard let percent = text.firstIndex(of: "%") else { return IPAddress(text) }
        return IPAddress(text[..<percent])
    }
}
