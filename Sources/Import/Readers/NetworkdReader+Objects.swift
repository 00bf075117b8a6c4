import Netlink

/// [Address], [Route] and [RoutingPolicyRule]. The latter two become iproute2's words, for which
/// there is a parser.
extension NetworkdReader {
    func readAddress(_ section: NetworkdSections.Section, _ interface: inout ImportedInterface) {
        guard let address = section.last("Address") else { return }
        if let peer = section.last("Peer") {
            interface.notes.append(
                address.origin.note("not carried over: it has a peer (\(peer.value))"))
            return
        }
        let detection = section.last("DuplicateAddressDetection")?.value
        interface.addPrefix(
            address.value, address.origin, noDAD: detection == "none" || detection == "ipv4")
        for entry in section.entries where !entry.value.isEmpty {
            switch entry.key {
            case "Address", "Broadcast", "Label", "DuplicateAddressDetection", "RouteMetric": break
            case "Scope" where entry.value == "global": break
            case "PreferredLifetime" where entry.value == "forever": break
            case "PreferredLifetime" where entry.value == "infinity": break
            default:
                interface.notes.append(entry.origin.note("not carried over of \(address.value)"))
            }
        }
    }

    func readRoute(
        _ section: NetworkdSections.Section, _ index: Int, _ host: inout ImportedHost
    ) {
        let origin = Origin(section.place, section.text)
        // iproute2 wants the type first, then the destination.
        var (type, destination, words, hops) = ([String](), [String](), [String](), [String]())
        var isIPv6 = false
        for entry in section.entries where !entry.value.isEmpty {
            if entry.value.contains(":"), entry.key != "Table" { isIPv6 = true }
            switch entry.key {
            case "Destination":
                guard let (address, length) = IPPrefix.parse(entry.value) else {
                    return host.note(entry.origin.note("no prefix: the route is left out"), index)
                }
                destination = ["\(IPPrefix(address, length: length))"]
            case "Gateway":
                if entry.value.hasPrefix("_") {
                    return host.note(origin.note("left to networkd, which knows the lease"), index)
                }
                words += ["via", entry.value]
            case "GatewayOnLink", "GatewayOnlink": if entry.flag == true { words.append("onlink") }
            case "Metric": words += ["metric", entry.value]
            case "Table": words += ["table", table(entry.value)]
            case "PreferredSource":
                if entry.value.hasPrefix("_") {
                    host.note(entry.origin.note("not carried over"), index)
                } else {
                    words += ["src", entry.value]
                }
            case "Scope": words += ["scope", entry.value]
            case "MTUBytes": words += ["mtu", entry.value]
            case "Type": type = [entry.value]
            case "MultiPathRoute": hops += hop(entry.value)
            case "Protocol": break
            case "Source", "TypeOfService", "NextHop", "IPServiceType":
                return host.note(
                    origin.note("not carried over: \(entry.key) is not supported"), index)
            default: host.note(entry.origin.note("not carried over of this route"), index)
            }
        }
        words = type + destination + words + hops
        guard !words.isEmpty else { return }
        do throws(WordProblem) {
            var (route, ignored) = try RouteWords.read(
                words, family: isIPv6 ? .ipv6 : nil, tables: host.tables, origin: origin)
            route.isBound = true
            host.add(route, ignored: ignored, interface: index)
        } catch {
            host.note(origin.note("not carried over: \(error.reason)"), index)
        }
    }

    /// `10.0.0.1@eth1 20`
    private func hop(_ text: String) -> [String] {
        let parts = text.blankSeparated
        let target = (parts.first ?? "").split(separator: "@", maxSplits: 1)
        var words = ["nexthop", "via", target.first.map(String.init) ?? ""]
        if target.count == 2 { words += ["dev", String(target[1])] }
        if parts.count > 1 { words += ["weight", parts[1]] }
        return words
    }

    /// `NAME:NUMBER` in networkd's own lists is `NUMBER` to us.
    private func table(_ text: String) -> String {
        text.split(separator: ":").last.map(String.init) ?? text
    }

    func readRule(
        _ section: NetworkdSections.Section, _ index: Int, _ host: inout ImportedHost
    ) {
        let origin = Origin(section.place, section.text)
        let selectors = [
            "Table": "lookup", "Priority": "priority", "FirewallMark": "fwmark",
            "IncomingInterface": "iif", "OutgoingInterface": "oif",
            "SuppressPrefixLength": "suppress_prefixlength",
            "SuppressInterfaceGroup": "suppress_ifgroup", "SourcePort": "sport",
            "DestinationPort": "dport", "IPProtocol": "ipproto", "User": "uidrange",
            "TypeOfService": "tos", "GoTo": "goto",
        ]
        var words: [String] = []
        var families: [AddressFamily] = []
        for entry in section.entries where !entry.value.isEmpty {
            switch entry.key {
            case "From", "To":
                guard let (address, length) = IPPrefix.parse(entry.value) else {
                    return host.note(entry.origin.note("no prefix: the rule is left out"), index)
                }
                families = [address.family]
                words += [
                    entry.key.lowercased(), "\(IPPrefix(address, length: length))",
                ]
            case "InvertRule": if entry.flag == true { words = ["not"] + words }
            case "Family":
                families =
                    ["ipv4": [.ipv4], "ipv6": [.ipv6], "both": AddressFamily.allCases][entry.value]
                    ?? families
            case "Type":
                if entry.value != "table" { words += ["type", entry.value] }
            case "Table": words += ["lookup", table(entry.value)]
            default:
                guard let word = selectors[entry.key] else {
                    return host.note(
                        origin.note("not carried over: \(entry.key) is not supported"), index)
                }
                words += [word, entry.value]
            }
        }
        for family in families.isEmpty ? [.ipv4] : families {
            host.addRule(words, family: family, interface: index, origin)
        }
    }
}

extension NetworkdSections.Section {
    /// On one line, for notes.
    fileprivate var text: String {
        "[\(name)] " + entries.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }
}
