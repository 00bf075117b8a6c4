import Netlink
import Plist

/// The file's interfaces, each with the link of this host that it means.
struct Host {
    /// One object for all who look: its many fields are not copied.
    final class Entry {
        let config: InterfaceConfig
        let link: Link?
        /// The number of its route table.
        let table: UInt32

        init(config: InterfaceConfig, link: Link?, table: UInt32) {
            self.config = config
            self.link = link
            self.table = table
        }

        /// The MTU that its link will have: the file's, or the first one seen where the file no
        /// longer has any; nil where the link is not there.
        func mtuThen(_ memory: Memory) -> UInt32? {
            guard let link else { return nil }
            if let mtu = config.mtu { return mtu.value }
            let now = LinkSetting(interface: link.index, .mtu(link.mtu))
            guard let remembered = memory.settings[now.identity], remembered.ours == .link(now),
                case .link(let first) = remembered.first, case .mtu(let mtu) = first.value
            else { return link.mtu }
            return mtu
        }
    }

    var entries: [Entry]
    /// `Sysctl` of the top level.
    var sysctls: [SysctlConfig]
    /// Links that no entry means.
    var unlisted: [Link]
    /// Numbers handed out in this run, for LIB-DIR.
    var newTables: [MACAddress: UInt32]
    var findings = Findings()

    /// What links have to do with entries that do not mean just one.
    struct Findings {
        var conflicts: [Conflict] = []
        var warnings: [Diagnostic] = []
    }

    /// Where some interfaces are let go of: what the others have in the file, and may come from
    /// there.
    var addressesTakenOver: Set<IPAddress> {
        guard entries.contains(where: { !$0.config.isManaged }) else { return [] }
        return Set(
            entries.filter(\.config.isManaged).flatMap { $0.config.addresses.map(\.address) })
    }

    init(_ config: Config, kernel: KernelState, memory: Memory) {
        var findings = Findings()
        let links = config.interfaces.map {
            Self.link(of: $0, in: kernel.links, reporting: &findings)
        }
        var entryOfLink: [InterfaceIndex: InterfaceConfig] = [:]
        for (interface, link) in zip(config.interfaces, links) {
            guard let link else { continue }
            if let other = entryOfLink.updateValue(interface, forKey: link.index) {
                findings.conflicts.append(
                    Conflict(
                        interface.location,
                        "this and the entry at \(other.location) are both \(link.name); "
                            + Self.cure(interface, config.discovery)))
            }
        }
        let numbers = TableNumbers(config.interfaces, links: links, kernel: kernel, memory: memory)
        entries = config.interfaces.indices.map {
            Entry(config: config.interfaces[$0], link: links[$0], table: numbers.tables[$0])
        }
        newTables = numbers.new
        sysctls = config.sysctls
        unlisted = kernel.links.filter { entryOfLink[$0.index] == nil }
        self.findings = findings
    }

    /// Discovered interfaces are merged by MAC alone, before anything is known of this host.
    private static func cure(_ interface: InterfaceConfig, _ discovery: Discovery?) -> String {
        guard let mac = interface.mac, interface.location.file == discovery?.path else {
            return "merge them into one"
        }
        return "give that one MACAddress = \"\(mac.value)\""
    }

    /// The one link that an entry means: by MAC where it has one, else by name.
    static func link(
        of interface: InterfaceConfig, in links: [Link], reporting findings: inout Findings
    ) -> Link? {
        let location = interface.mac?.location ?? interface.name?.location ?? interface.location
        func warn(_ message: String) {
            findings.warnings.append(Diagnostic(.warning, at: location, message))
        }
        func conflict(_ message: String, of links: [Link], _ extent: Conflict.Extent) {
            findings.conflicts.append(
                Conflict(location, message, of: Set(links.map(\.index)), leaving: extent))
        }
        let named = links.filter(interface.means)
        // A port of a bond, a bridge or a VF's synthetic device carries its master's packets.
        let matches = named.filter { $0.master == nil }
        guard let link = matches.first else {
            if interface.isManaged, let port = named.first,
                let master = links.first(where: { $0.index == port.master })
            {
                conflict(
                    "\(port.name) is a port of \(master.name); name that one instead",
                    of: named, .interfaces)
            } else if interface.isManaged, interface.isRequired {
                conflict("no interface \(interface.label) on this host", of: [], .nothing)
            } else if interface.isManaged {
                warn(
                    "no interface \(interface.label) on this host; it is configured when it appears"
                )
            }
            return nil
        }
        if matches.count > 1 {
            let names = matches.map(\.name).joined(separator: " and ")
            conflict(
                "\(names) both have the MAC address \(interface.label); add Name", of: matches,
                .interfaces)
            return nil
        }
        if let name = interface.name?.value, !link.answers(to: name) {
            warn(
                "the interface with this MAC address is \(link.name), not \(name); "
                    + "the MAC address decides")
        }
        return link
    }
}

extension Link {
    func answers(to name: String?) -> Bool {
        guard let name else { return false }
        return self.name == name || alternativeNames.contains(name)
    }
}
