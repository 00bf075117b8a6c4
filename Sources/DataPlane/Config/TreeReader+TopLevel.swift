import Netlink
import Plist

extension TreeReader {
    /// One file.
    mutating func file(_ root: PlistNode, isMain: Bool) -> ConfigDraft {
        var draft = ConfigDraft(location: root.location)
        draft.isIncomplete = root.isDamaged
        var hasVersion = false
        for entry in entries(of: root, "the file", TopLevelKey.self) ?? [] {
            if isDiscovered, !entry.key.canBeDiscovered {
                error("'\(entry.name)' cannot stand in a discovered file", at: entry.keyLocation)
                continue
            }
            if !isMain, entry.key.isOnlyInMainFile {
                error("'\(entry.name)' stands only in the main file", at: entry.keyLocation)
                continue
            }
            switch entry.key {
            case .version:
                hasVersion = true
                _ = number(entry, 1...1)
            case .interfaces: interfaces(entry.value, into: &draft)
            case .defaults: draft.defaults = interface(entry.value, "'Defaults'", isDefaults: true)
            case .rules: draft.rules = rules(entry.value)
            case .sysctl: draft.sysctls = sysctls(entry.value)
            case .protocol: draft.protocol = protocolNumber(entry)
            case .linkGroup: draft.linkGroup = number(entry, 1...UInt32(Int32.max))
            case .discovery:
                draft.discovery = entry.keyLocation
                discovery(entry.value)
            }
        }
        if !hasVersion, !root.isDamaged {
            error("'Version' is missing; a file says Version = 1;", at: root.location)
        }
        return draft
    }

    /// The file of `Discovery`. An empty one would take everything away.
    mutating func discoveredFile(_ root: PlistNode) -> ConfigDraft {
        isDiscovered = true
        defer { isDiscovered = false }
        let draft = file(root, isMain: false)
        if draft.interfaces.isEmpty, !draft.isIncomplete {
            error("a discovered file lists every ENI; this one has none", at: root.location)
        }
        return draft
    }

    private mutating func interfaces(_ node: PlistNode, into draft: inout ConfigDraft) {
        guard let elements = array(node, "'Interfaces'") else {
            draft.isIncomplete = true
            return
        }
        if node.isDamaged { draft.isIncomplete = true }
        var macs: [MACAddress: SourceLocation] = [:]
        var names: [String: SourceLocation] = [:]
        for element in elements {
            guard let interface = interface(element, "an entry of 'Interfaces'") else {
                draft.isIncomplete = true
                continue
            }
            if !isSecond(interface, &macs, &names) { draft.interfaces.append(interface) }
        }
    }

    /// Between files entries merge; within one a second entry is a slip.
    private mutating func isSecond(
        _ interface: InterfaceDraft, _ macs: inout [MACAddress: SourceLocation],
        _ names: inout [String: SourceLocation]
    ) -> Bool {
        if let mac = interface.mac, let first = macs.updateValue(mac.location, forKey: mac.value) {
            takenMAC(mac, first)
            return true
        }
        if let name = interface.name,
            let first = names.updateValue(name.location, forKey: name.value)
        {
            takenName(name, first)
            return true
        }
        return false
    }

    mutating func takenMAC(_ mac: Located<MACAddress>, _ first: SourceLocation) {
        let place = first.place(from: mac.location)
        error("MAC \(mac.value) is already that of the interface on \(place)", at: mac.location)
    }

    mutating func takenName(_ name: Located<String>, _ first: SourceLocation) {
        let place = first.place(from: name.location)
        error(
            "\(Diagnostic.quote(name.value)) is already the interface on \(place)",
            at: name.location)
    }

    /// Numbers that others mark their own things with are refused; those of daemons that few hosts
    /// have are warned of.
    private mutating func protocolNumber(_ entry: Entry<TopLevelKey>) -> UInt8? {
        guard let number: UInt8 = number(entry, 5...255) else { return nil }
        let isTaken =
            [9, 16, 18, 42].contains(number) || (186...192).contains(number)
        guard isTaken else {
            if RouteProtocol(rawValue: number).isRoutingDaemon {
                warn(
                    "'Protocol' \(number) is a routing daemon's (11 to 15: zebra, BIRD and others); where "
                        + "one runs here its routes are taken for ours, and teardown removes them",
                    at: entry.value.location)
            }
            return number
        }
        error(
            "'Protocol' \(number) belongs to another program; 9, 16, 18, 42 and 186 to 192 are taken",
            at: entry.value.location)
        return nil
    }

    private mutating func discovery(_ node: PlistNode) {
        guard let entries = entries(of: node, "'Discovery'", DiscoveryKey.self) else { return }
        for entry in entries {
            if let path = string(entry.value, "'File'"),
                !path.hasPrefix("/") || path.contains("\0")
            {
                error(
                    "\(Diagnostic.quote(path)) is not an absolute path", at: entry.value.location)
            }
        }
        if entries.isEmpty, !node.isDamaged {
            error("'Discovery' needs a File", at: node.location)
        }
    }
}
