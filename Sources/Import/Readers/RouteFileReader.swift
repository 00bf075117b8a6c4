import Netlink
import Plist

/// The files beside `ifcfg-NAME`: `route-`, `route6-`, `rule-`, `rule6-`, and SUSE's `ifroute-`,
/// `ifrule-` and `routes`; Red Hat's `network`.
enum RouteFileReader {
    static let prefixes = ["route6-", "route-", "rule6-", "rule-", "ifroute-", "ifrule-"]

    static func read(_ source: SourceText, into host: inout ImportedHost) {
        let name = source.name
        if name == "routes" { return readTable(source, interface: nil, into: &host) }
        if name == "network" { return readNetwork(source, into: &host) }
        guard let prefix = prefixes.first(where: name.hasPrefix) else { return }
        let interface = interface(String(name.dropFirst(prefix.count)), source, &host)
        switch prefix {
        case "ifroute-": readTable(source, interface: interface, into: &host)
        case "rule-", "rule6-", "ifrule-":
            let family: AddressFamily? = prefix == "rule6-" ? .ipv6 : nil
            for line in words(of: source) {
                // SUSE's begin with it, perhaps.
                let families: [String: AddressFamily] = ["ipv4": .ipv4, "ipv6": .ipv6]
                let said = families[line.words[0]]
                host.addRule(
                    line.words.dropFirst(said == nil ? 0 : 1), family: said ?? family,
                    interface: interface, line.origin)
            }
        default:
            if hasAssignments(source) {
                readNumbered(source, interface, into: &host)
            } else {
                let family: AddressFamily = prefix == "route6-" ? .ipv6 : .ipv4
                for line in words(of: source) {
                    // `to` may be any of them, as ip itself reads the line.
                    let isIPv6 = line.words.contains { $0.contains(":") }
                    host.addRoute(
                        line.words.filter { $0 != "-6" && $0 != "-4" },
                        family: isIPv6 ? .ipv6 : family, interface: interface, line.origin)
                }
            }
        }
    }

    private static func interface(
        _ name: String, _ source: SourceText, _ host: inout ImportedHost
    ) -> Int {
        let base = IfcfgReader.base(of: name)
        return host.configurations[base]
            ?? host.interface(named: base, Place(file: source.file, line: 1))
    }

    private static func words(of source: SourceText) -> [(words: [String], origin: Origin)] {
        Line.all(of: source, continued: true).compactMap { line in
            // A comment may stand behind the words.
            let words = Array(line.words.prefix { !$0.hasPrefix("#") })
            guard !words.isEmpty else { return nil }
            return (words, Origin(line.place, words.joined(separator: " ")))
        }
    }

    // MARK: ADDRESS0=, NETMASK0=, GATEWAY0=

    private static func hasAssignments(_ source: SourceText) -> Bool {
        Line.all(of: source).contains {
            let text = $0.trimmed
            return ["ADDRESS", "GATEWAY", "NETMASK", "METRIC", "OPTIONS"].contains {
                text.hasPrefix($0)
            } && text.contains("=")
        }
    }

    private static func readNumbered(
        _ source: SourceText, _ interface: Int, into host: inout ImportedHost
    ) {
        var file = Assignments(source)
        for suffix in file.suffixes(of: "ADDRESS") {
            guard let (text, origin) = file.take("ADDRESS" + suffix) else { continue }
            let mask = file.take("NETMASK" + suffix) ?? file.take("PREFIX" + suffix)
            let gateway = file.take("GATEWAY" + suffix)
            var words = [text]
            if !text.contains("/") {
                let length = mask.flatMap { maskLength($0.value) }
                let parsed = IPAddress(text)
                words = ["\(text)/\(length ?? parsed?.family.bitWidth ?? 32)"]
                // Host bits are cleared as NetworkManager clears them.
                if let parsed, let length { words = ["\(IPPrefix(parsed, length: length))"] }
            }
            if let gateway { words += ["via", gateway.value] }
            if let metric = file.take("METRIC" + suffix) { words += ["metric", metric.value] }
            if let options = file.take("OPTIONS" + suffix) {
                words += options.value.blankSeparated
            }
            let shown = [origin.text, mask?.origin.text, gateway?.origin.text]
            host.addRoute(
                words, interface: interface,
                Origin(origin.place, shown.compactMap { $0 }.joined(separator: " ")))
        }
        host.interfaces[interface].notes += file.notes
        for entry in file.takeRest() {
            host.interfaces[interface].notes.append(
                entry.origin.note("not carried over: it has no ADDRESS of its number"))
        }
    }

    // MARK: SUSE: DESTINATION GATEWAY NETMASK INTERFACE OPTIONS

    private static let types: Set<String> = [
        "unicast", "local", "broadcast", "multicast", "throw", "unreachable", "prohibit",
        "blackhole", "nat",
    ]

    /// Source: ifroute(5) of wicked.
    private static func readTable(
        _ source: SourceText, interface: Int?, into host: inout ImportedHost
    ) {
        for (fields, origin) in words(of: source) {
            let columns = fields + Array(repeating: "-", count: max(0, 4 - fields.count))
            var words = [columns[0]]
            if columns[2] != "-", !columns[0].contains("/"), columns[0] != "default" {
                guard let length = maskLength(columns[2]) else {
                    host.note(origin.note("not carried over: no netmask in the third column"), nil)
                    continue
                }
                words = ["\(columns[0])/\(length)"]
            }
            var options = columns[4...].drop { $0 == "-" }
            if options.first == "type" { options.removeFirst() }
            if let type = options.first, types.contains(type) {
                words.insert(type, at: 0)
                options = options.dropFirst().drop { $0 == "-" }
            }
            let gateway = columns[1].split(separator: "/").first.map(String.init) ?? "-"
            if gateway != "-", gateway != "0.0.0.0", gateway != "::" {
                words += ["via", gateway]
            }
            if columns[3] != "-" { words += ["dev", columns[3]] }
            words += options
            host.addRoute(words, interface: interface, origin)
        }
    }

    // MARK: /etc/sysconfig/network

    private static func readNetwork(_ source: SourceText, into host: inout ImportedHost) {
        var file = Assignments(source)
        let device = file.take("GATEWAYDEV")
        for key in ["GATEWAY", "IPV6_DEFAULTGW"] {
            guard let (text, origin) = file.take(key) else { continue }
            let words = ["default", "via", text] + (device.map { ["dev", $0.value] } ?? [])
            host.addRoute(words, family: key == "GATEWAY" ? .ipv4 : .ipv6, origin)
        }
        host.notes += file.notes
        for entry in file.takeRest()
        where !["NETWORKING", "HOSTNAME", "NOZEROCONF", "NETWORKING_IPV6"].contains(entry.key) {
            host.notes.append(entry.origin.note("not carried over"))
        }
    }
}
