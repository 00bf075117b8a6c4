import Netlink

/// A command line that a file has run when an interface goes up: what it would do, and no more.
enum IPCommand {
    case route(ImportedRoute, ignored: [String])
    case rule(ImportedRule)
    case address(ImportedAddress, device: String?, ignored: [String])
    case mtu(UInt32, device: String?)
    case sysctl(name: String, value: String)
    /// Nothing that a host in rest would miss: `true`, `ip link set eth0 up`.
    case idle
    case notCarriedOver(String)

    /// - Parameter words: a simple command, its program first.
    static func read(_ words: [String], tables: TableNames, origin: Origin) -> IPCommand {
        do throws(WordProblem) {
            let program = words.first.map { $0.split(separator: "/").last.map(String.init) ?? "" }
            switch program {
            case "ip": return try ip(words.dropFirst(), tables: tables, origin: origin)
            case "route": return try NetToolsRoute.read(words.dropFirst(), origin: origin)
            case "sysctl": return sysctl(words.dropFirst())
            case "true", ":", "sleep", "exit": return .idle
            default: return .notCarriedOver("not executed")
            }
        } catch {
            return .notCarriedOver(error.reason)
        }
    }

    private static func ip(
        _ words: ArraySlice<String>, tables: TableNames, origin: Origin
    ) throws(WordProblem) -> IPCommand {
        var words = words
        var family: AddressFamily?
        while let option = words.first, option.hasPrefix("-") {
            words.removeFirst()
            switch option {
            case "-4", "-0": family = .ipv4
            case "-6": family = .ipv6
            case "-f", "-family", "--family":
                family = words.popFirst() == "inet6" ? .ipv6 : .ipv4
            case "-s", "-d", "-o", "-force", "-br", "-stats", "-details": break
            default: return .notCarriedOver("not executed")
            }
        }
        guard let object = words.popFirst(), let verb = words.popFirst() else {
            return .notCarriedOver("not executed")
        }
        if object == "link" || object == "l" || object == "li" {
            return verb == "set" ? link(words) : .notCarriedOver("not executed")
        }
        let adds = ["add", "a", "ad", "append", "replace", "repl", "change", "chg", "prepend"]
        guard adds.contains(verb) else {
            return .notCarriedOver("rtsetup removes what it made by itself; not executed")
        }
        if "route".hasPrefix(object) {
            let (route, ignored) = try RouteWords.read(
                words, family: family, tables: tables, origin: origin)
            return .route(route, ignored: ignored)
        } else if "rule".hasPrefix(object) {
            return .rule(
                try RuleWords.read(words, family: family, tables: tables, origin: origin))
        } else if "address".hasPrefix(object) {
            return try address(words, origin: origin)
        }
        return .notCarriedOver("not executed")
    }

    private static func link(_ words: ArraySlice<String>) -> IPCommand {
        var words = words
        if words.first == "dev" { words.removeFirst() }
        guard let device = words.popFirst() else { return .notCarriedOver("not executed") }
        if words.elementsEqual(["up"]) { return .idle }
        guard words.count == 2, words.first == "mtu",
            let mtu: UInt32 = words.last.flatMap(wordNumber)
        else { return .notCarriedOver("not executed") }
        return .mtu(mtu, device: device)
    }

    private static func address(
        _ words: ArraySlice<String>, origin: Origin
    ) throws(WordProblem) -> IPCommand {
        var words = words
        var device: String?
        var ignored: [String] = []
        var found: (address: IPAddress, length: UInt8)?
        var noDAD = false
        while let word = words.popFirst() {
            switch word {
            case "dev": device = words.popFirst()
            case "brd", "broadcast", "label", "metric", "proto": _ = words.popFirst()
            case "scope":
                let scope = words.popFirst() ?? ""
                if scope != "global" { ignored.append("scope \(scope)") }
            case "valid_lft", "preferred_lft":
                let lifetime = words.popFirst() ?? ""
                if lifetime != "forever" { ignored.append("\(word) \(lifetime)") }
            case "nodad": noDAD = true
            case "noprefixroute", "home", "mngtmpaddr", "autojoin", "optimistic":
                ignored.append(word)
            case "peer", "anycast": throw WordProblem("'\(word)' is not supported in an address")
            default:
                let text = word == "local" ? words.popFirst() ?? "" : word
                guard found == nil, let parsed = IPPrefix.parse(text) else {
                    throw WordProblem("'\(text)' is not understood")
                }
                found = parsed
            }
        }
        guard let (address, length) = found else { throw WordProblem("no address is given") }
        return .address(
            ImportedAddress(address: address, length: length, noDAD: noDAD, origin: origin),
            device: device, ignored: ignored)
    }

    /// `sysctl -w name=value`
    private static func sysctl(_ words: ArraySlice<String>) -> IPCommand {
        let settings = words.filter { !$0.hasPrefix("-") }
        guard settings.count == 1, let equals = settings[0].firstIndex(of: "=") else {
            return .notCarriedOver("not executed")
        }
        return .sysctl(
            name: settings[0][..<equals].trimmed,
            value: settings[0][equals...].dropFirst().trimmed)
    }
}
