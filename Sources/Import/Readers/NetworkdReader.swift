import DataPlane
import Netlink
import Plist

/// A `.network` file of systemd-networkd with its drop-ins.
struct NetworkdReader {
    let file: NetworkdSections
    let source: SourceText
    var idle: [NetworkdSections.Entry] = []

    /// - Parameters:
    ///   - sources: the file, then its drop-ins in name order.
    ///   - taken: interfaces that an earlier file has matched: the first one wins.
    static func read(
        _ sources: [SourceText], taken: inout [String: String], into host: inout ImportedHost
    ) {
        guard let source = sources.first else { return }
        var reader = NetworkdReader(file: NetworkdSections(sources), source: source)
        reader.read(&taken, &host)
    }

    private init(file: NetworkdSections, source: SourceText) {
        self.file = file
        self.source = source
    }

    private var place: Place { Place(file: source.file, line: 1) }

    private mutating func read(_ taken: inout [String: String], _ host: inout ImportedHost) {
        host.notes += file.notes
        if let port = file.entries("Network").first(where: {
            ["Bridge", "Bond", "VRF", "BatmanAdvanced"].contains($0.key) && !$0.value.isEmpty
        }) {
            host.notes.append(port.origin.note("a port is no ENI: not carried over"))
            return
        }
        let names = file.list("Match", "Name").flatMap { entry in
            entry.value.blankSeparated.map { ($0, entry) }
        }
        let macs = (file.list("Match", "PermanentMACAddress") + file.list("Match", "MACAddress"))
            .flatMap { entry in entry.value.blankSeparated.map { ($0, entry) } }
        if let pattern = names.first(where: { name, _ in
            name.hasPrefix("!") || name.contains { "*?[".contains($0) }
        }) {
            host.notes.append(
                pattern.1.origin.note(
                    "the whole file is not carried over: it may match several interfaces; "
                        + "write an entry for each"))
            return
        }
        let targets = matches(names.map(\.0), macs, &host)
        if targets.isEmpty {
            host.note(
                place, "matches by neither Name nor MACAddress: the whole file is not carried over")
            return
        }
        for entry in file.entries("Match")
        where !["Name", "MACAddress", "PermanentMACAddress"].contains(entry.key) {
            host.notes.append(entry.origin.note("not carried over; taken for a match"))
        }
        var hasRules = false
        for (name, mac) in targets {
            let label = name ?? mac.map { "\($0)" } ?? ""
            if name == "lo" {
                host.note(place, "lo is no ENI: not carried over")
                continue
            }
            if let first = taken[label] {
                host.note(place, "\(label) is matched by \(first) first: not carried over")
                continue
            }
            taken[label] = source.file
            let index: Int
            if let name {
                index = host.interface(named: name, place)
            } else {
                index = host.addInterface(place)
            }
            if let mac { host.interfaces[index].mac = mac }
            read(into: index, &host)
            // They are nobody's in particular: once is enough.
            if !hasRules {
                for section in file.all("RoutingPolicyRule") { readRule(section, index, &host) }
            }
            hasRules = true
        }
    }

    private func matches(
        _ names: [String], _ macs: [(String, NetworkdSections.Entry)], _ host: inout ImportedHost
    ) -> [(name: String?, mac: MACAddress?)] {
        var addresses: [MACAddress] = []
        for (text, entry) in macs {
            if let mac = MACAddress(text) {
                if !addresses.contains(mac) { addresses.append(mac) }
            } else {
                host.notes.append(entry.origin.note("no MAC address"))
            }
        }
        switch (names.count, addresses.count) {
        case (0, _): return addresses.map { (nil, $0) }
        case (1, 1): return [(names[0], addresses[0])]
        default: return names.map { ($0, nil) }
        }
    }

    private mutating func read(into index: Int, _ host: inout ImportedHost) {
        idle = []
        readNetwork(index, &host)
        readLink(&host.interfaces[index])
        readAutomatic(&host.interfaces[index])
        for section in file.all("Address") { readAddress(section, &host.interfaces[index]) }
        for section in file.all("Route") { readRoute(section, index, &host) }
        let known = [
            "Match", "Network", "Link", "DHCP", "DHCPv4", "DHCPv6", "IPv6AcceptRA", "Address",
            "Route", "RoutingPolicyRule",
        ]
        for section in file.sections where !known.contains(section.name) {
            host.interfaces[index].note(section.place, "[\(section.name)]: not carried over")
        }
        guard !idle.isEmpty else { return }
        let keys = idle.map { "\($0.key) (line \($0.place.line))" }.joined(separator: ", ")
        host.interfaces[index].note(nil, "\(source.file): nothing that rtsetup sets: \(keys)")
    }
}
