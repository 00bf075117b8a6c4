import DataPlane
import Netlink
import Plist

/// Debian's `/etc/network/interfaces`, with what it sources.
struct InterfacesReader {
    /// What `source` and `source-directory` lead to, at most once each.
    typealias Include = (_ words: [String], _ from: Place) -> (sources: [SourceText], notes: [Note])

    private struct Stanza {
        var name: String
        var family: AddressFamily
        var method: String
        var origin: Origin
        var options: [(key: String, value: String, origin: Origin)] = []

        /// Its options are nobody's.
        static func nobodys(_ origin: Origin) -> Stanza {
            Stanza(name: "lo", family: .ipv4, method: "loopback", origin: origin)
        }

        func value(_ key: String) -> (value: String, origin: Origin)? {
            options.last { $0.key == key }.map { ($0.value, $0.origin) }
        }
    }

    private let include: Include
    private var automatic: Set<String> = []
    /// `auto eth2=work`: the stanza that an interface takes in place of its own.
    private var chosen: [String: String] = [:]
    /// The other way around: who takes a stanza.
    private var takers: [String: String] = [:]
    /// Interfaces that have a stanza of their own, not of an alias alone.
    private var described: [String: Int] = [:]
    /// Interfaces that a bridge or a bond takes.
    private var ports: [String: Origin] = [:]
    private var stanza: Stanza?

    init(include: @escaping Include = { _, _ in ([], []) }) { self.include = include }

    /// - Parameter depth: how many files have sourced this one.
    mutating func read(_ source: SourceText, depth: Int = 0, into host: inout ImportedHost) {
        let lines = Line.all(of: source, continued: true)
        // An auto line may stand behind the stanza that it gives away.
        for line in lines { readChoices(line, &host) }
        for line in lines {
            let text = line.trimmed
            guard !text.isEmpty, !text.hasPrefix("#") else { continue }
            let words = text.blankSeparated
            let origin = Origin(line.place, text)
            switch words[0] {
            case "source", "source-directory":
                finishStanza(&host)
                guard depth < 16 else {
                    host.notes.append(origin.note("not followed: sourced too deeply"))
                    continue
                }
                let found = include(words, line.place)
                host.notes += found.notes
                for file in found.sources { read(file, depth: depth + 1, into: &host) }
            case "auto":
                finishStanza(&host)
                automatic.formUnion(words.dropFirst().map(\.physicalInterface))
            case _ where words[0].hasPrefix("allow-"):
                finishStanza(&host)
                automatic.formUnion(words.dropFirst().map(\.physicalInterface))
            case "iface":
                finishStanza(&host)
                begin(words, origin, &host)
            case "mapping", "template", "rename":
                finishStanza(&host)
                host.notes.append(origin.note("not carried over"))
            case "no-auto-down", "no-scripts": finishStanza(&host)
            default:
                guard stanza != nil else {
                    host.notes.append(origin.note("not understood outside a stanza"))
                    continue
                }
                let value = text.dropFirst(words[0].count).trimmed
                stanza?.options.append((words[0], value, origin))
            }
        }
        finishStanza(&host)
    }

    /// Once everything is read: what no `auto` line names does not go up at boot, and ports are no
    /// ENIs.
    func finish(_ host: inout ImportedHost) {
        for (name, origin) in ports {
            guard let index = host.index(ofInterface: name) else { continue }
            host.interfaces[index].exclusion = origin.note("\(name) is a port: not carried over")
        }
        for (name, index) in described where !automatic.contains(name) {
            host.interfaces[index].activationPolicy = .manual
        }
    }

    private mutating func readChoices(_ line: Line, _ host: inout ImportedHost) {
        let words = line.words
        guard let first = words.first, first == "auto" || first.hasPrefix("allow-") else { return }
        for word in words.dropFirst() {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, parts[0] != parts[1], chosen[parts[0]] == nil else { continue }
            guard takers[parts[1]] == nil else {
                host.note(line.place, "\(word): not carried over: a stanza for several interfaces")
                continue
            }
            chosen[parts[0]] = parts[1]
            takers[parts[1]] = parts[0]
        }
    }

    private mutating func begin(_ words: [String], _ origin: Origin, _ host: inout ImportedHost) {
        let family: AddressFamily? =
            words.count > 2 ? ["inet": .ipv4, "inet6": .ipv6][words[2]] : nil
        guard words.count >= 4, let family else {
            host.notes.append(origin.note("not carried over: no 'iface NAME inet|inet6 METHOD'"))
            stanza = .nobodys(origin)
            return
        }
        if let other = chosen[words[1]] {
            host.notes.append(origin.note("not carried over: \(words[1]) takes that of \(other)"))
            stanza = .nobodys(origin)
            return
        }
        let name = takers[words[1]] ?? words[1]
        stanza = Stanza(name: name, family: family, method: words[3], origin: origin)
        if words.count > 4 { host.notes.append(origin.note("not followed: inherits")) }
    }

    // MARK: A stanza

    private static let noENI: [(word: String, reason: String)] = [
        ("bridge", "is a bridge or its port"), ("bond", "is a bond or its port"),
        ("wireless", "is no ENI"), ("wpa", "is no ENI"), ("vxlan", "is a tunnel"),
    ]

    private mutating func finishStanza(_ host: inout ImportedHost) {
        guard let stanza else { return }
        self.stanza = nil
        let base = IfcfgReader.base(of: stanza.name)
        if base == "lo" {
            guard stanza.method != "loopback" || !stanza.options.isEmpty else { return }
            host.notes.append(stanza.origin.note("lo is no ENI: not carried over"))
            return
        }
        for option in stanza.options {
            guard let found = Self.noENI.first(where: { option.key.hasPrefix($0.word) }),
                !option.value.isEmpty
            else { continue }
            host.notes.append(
                stanza.origin.note("\(base) \(found.reason) (\(option.key)): not carried over"))
            if ["bridge_ports", "bridge-ports", "bond-slaves", "bond_slaves"].contains(option.key) {
                for port in option.value.blankSeparated { ports[port] = option.origin }
            }
            return
        }
        guard ["static", "dhcp", "bootp", "auto", "manual"].contains(stanza.method) else {
            host.notes.append(stanza.origin.note("\(stanza.method) is no ENI's: not carried over"))
            return
        }
        let index = host.interface(named: base, stanza.origin.place)
        host.configurations[base] = index
        if stanza.name == base { described[base] = index }
        switch stanza.method {
        case "static": readAddresses(stanza, index, &host)
        case "dhcp", "bootp": host.interfaces[index].automatic.insert(stanza.family)
        case "auto": host.interfaces[index].automatic.insert(stanza.family)
        default: break
        }
        readOptions(stanza, index, &host)
    }

    private func readAddresses(_ stanza: Stanza, _ index: Int, _ host: inout ImportedHost) {
        let mask = stanza.value("netmask")
        for option in stanza.options where option.key == "address" {
            guard let (address, length) = IPPrefix.parse(option.value),
                address.family == stanza.family
            else {
                host.interfaces[index].notes.append(
                    option.origin.note("no \(stanza.family) address"))
                continue
            }
            let noDAD = stanza.value("dad-attempts")?.value == "0"
            if option.value.contains("/") {
                host.interfaces[index].add(address, length, option.origin, noDAD: noDAD)
            } else if let mask {
                guard let length = maskLength(mask.value), length <= address.family.bitWidth else {
                    host.interfaces[index].notes.append(mask.origin.note("no netmask"))
                    continue
                }
                host.interfaces[index].add(address, length, option.origin, noDAD: noDAD)
            } else {
                host.interfaces[index].addClassful(address, option.origin)
            }
        }
        guard let gateway = stanza.value("gateway") else { return }
        guard let address = IPAddress.withZone(gateway.value) else {
            host.interfaces[index].notes.append(gateway.origin.note("no address"))
            return
        }
        let metric = stanza.value("metric").flatMap { wordNumber($0.value) as UInt32? }
        host.addDefault(via: address, metric: metric, index, gateway.origin)
    }

    private static let read: Set<String> = [
        "address", "netmask", "gateway", "metric", "dad-attempts", "broadcast", "network",
        "hostname", "privext", "client",
    ]

    private func readOptions(_ stanza: Stanza, _ index: Int, _ host: inout ImportedHost) {
        for option in stanza.options {
            switch option.key {
            case _ where Self.read.contains(option.key) && stanza.method == "static": break
            case "metric" where host.interfaces[index].automatic.contains(stanza.family):
                host.interfaces[index].automaticMetrics[stanza.family] = wordNumber(option.value)
            case "mtu":
                if let number: UInt32 = wordNumber(option.value) {
                    host.interfaces[index].mtu = ImportedNumber(
                        value: number, origin: option.origin)
                } else {
                    host.interfaces[index].notes.append(option.origin.note("no number"))
                }
            case "up", "post-up", "pre-up":
                host.run(
                    option.value, Origin(option.origin.place, option.origin.text), index,
                    variables: ["IFACE": stanza.name])
            case "down", "post-down", "pre-down":
                host.interfaces[index].notes.append(
                    option.origin.note("not executed; teardown removes what rtsetup made"))
            case "hwaddress":
                host.interfaces[index].notes.append(
                    option.origin.note("rtsetup does not set MAC addresses"))
            case "autoconf" where option.value == "1", "accept_ra" where option.value != "0":
                if stanza.family == .ipv6 { host.interfaces[index].automatic.insert(.ipv6) }
            case "autoconf", "accept_ra":
                SysctlReader.add(
                    "net/ipv6/conf/\(IfcfgReader.base(of: stanza.name))/\(option.key)",
                    option.value, option.origin, to: &host)
            case _ where option.key.hasPrefix("dns-"):
                host.interfaces[index].notes.append(
                    option.origin.note("rtsetup does not set up DNS"))
            case "vlan-raw-device", "vlan_raw_device":
                host.interfaces[index].notes.append(
                    option.origin.note(
                        "rtsetup does not create VLANs; the interface must be there"))
            default:
                host.interfaces[index].notes.append(option.origin.note("not carried over"))
            }
        }
    }
}

extension String {
    /// `eth2` of `eth2=work`.
    fileprivate var physicalInterface: String { String(prefix { $0 != "=" }) }
}
