public import Netlink
public import Plist

/// Announces addresses on the links that hold them.
public enum Announcer {
    /// What can be announced of addresses on a link: where there is no MAC address, nobody
    /// remembers one.
    static func announcements(
        of addresses: some Sequence<IPAddress>, on link: Link
    ) -> [NeighbourAnnouncement] {
        guard let mac = link.mac, !link.isLoopback else { return [] }
        return addresses.map { NeighbourAnnouncement($0, isAt: mac, through: link.index) }
    }

    /// Once each.
    ///
    /// - Returns: a warning for each that could not be sent: the address has moved all the same.
    public static func send(
        _ announcements: [NeighbourAnnouncement], links: [Link]
    ) -> [Diagnostic] {
        let names = InterfaceNames(of: links)
        return announcements.compactMap { announcement in
            let name = names.name(of: announcement.interface)
            do throws(KernelError) {
                try announcement.send(isRouter: isRouter(name))
                return nil
            } catch {
                return Diagnostic(
                    .warning,
                    "\(announcement.address) was not announced on \(name): cannot \(error)")
            }
        }
    }

    private static func isRouter(_ name: String) -> Bool {
        SysctlFiles().read(.interface(name, "ipv6", "forwarding")).map { $0 != "0" } ?? false
    }
}
