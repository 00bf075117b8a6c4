import CNL

/// The sysctls of an interface as its link message carries them (`IFLA_AF_SPEC`): one dump in
/// place of a file each.
public struct DeviceConfiguration: Hashable, Sendable {
    /// `struct ipv4_devconf`, from `IPV4_DEVCONF_FORWARDING`.
    private var ipv4: [Int32] = []
    /// `struct ipv6_devconf`, from `DEVCONF_FORWARDING`.
    private var ipv6: [Int32] = []

    /// Takes it out of an `RTM_NEWLINK` message; a family that the interface lacks has no values.
    init(_ message: Message) throws(MalformedMessage) {
        var attributes = message.attributes(after: ifinfomsg.self)
        while let attribute = try attributes.next() {
            guard attribute.type == IFLA_AF_SPEC else { continue }
            var families = attribute.nested
            while let family = try families.next() {
                switch Int32(truncatingIfNeeded: family.type) {
                case AF_INET: ipv4 = try family.values(Int(IFLA_INET_CONF))
                case AF_INET6: ipv6 = try family.values(Int(IFLA_INET6_CONF))
                default: break
                }
            }
        }
    }

    /// The value of `net.FAMILY.conf.INTERFACE.KEY`; nil where the kernel's file says it in other
    /// words, or the kernel does not say it here.
    public func value(_ family: String, _ key: String) -> Int32? {
        switch family {
        case "ipv4":
            // The kernel counts them from 1.
            Self.ipv4Keys[key].flatMap { Self.value(at: $0 - 1, of: ipv4) }
        case "ipv6":
            Self.ipv6Keys[key].flatMap { Self.value(at: $0, of: ipv6) }
        default: nil
        }
    }

    private static let ipv4Keys: [String: Int] = [
        "accept_local": IPV4_DEVCONF_ACCEPT_LOCAL,
        "accept_redirects": IPV4_DEVCONF_ACCEPT_REDIRECTS,
        "arp_accept": IPV4_DEVCONF_ARP_ACCEPT,
        "arp_announce": IPV4_DEVCONF_ARP_ANNOUNCE,
        "arp_filter": IPV4_DEVCONF_ARPFILTER,
        "arp_ignore": IPV4_DEVCONF_ARP_IGNORE,
        "arp_notify": IPV4_DEVCONF_ARP_NOTIFY,
        "forwarding": IPV4_DEVCONF_FORWARDING,
        "log_martians": IPV4_DEVCONF_LOG_MARTIANS,
        "promote_secondaries": IPV4_DEVCONF_PROMOTE_SECONDARIES,
        "proxy_arp": IPV4_DEVCONF_PROXY_ARP,
        "route_localnet": IPV4_DEVCONF_ROUTE_LOCALNET,
        "rp_filter": IPV4_DEVCONF_RP_FILTER,
        "secure_redirects": IPV4_DEVCONF_SECURE_REDIRECTS,
        "send_redirects": IPV4_DEVCONF_SEND_REDIRECTS,
        "src_valid_mark": IPV4_DEVCONF_SRC_VMARK,
    ]

    private static let ipv6Keys: [String: Int] = [
        "accept_dad": DEVCONF_ACCEPT_DAD,
        "accept_ra": DEVCONF_ACCEPT_RA,
        "accept_redirects": DEVCONF_ACCEPT_REDIRECTS,
        "addr_gen_mode": DEVCONF_ADDR_GEN_MODE,
        "autoconf": DEVCONF_AUTOCONF,
        "dad_transmits": DEVCONF_DAD_TRANSMITS,
        "disable_ipv6": DEVCONF_DISABLE_IPV6,
        "forwarding": DEVCONF_FORWARDING,
        "keep_addr_on_down": DEVCONF_KEEP_ADDR_ON_DOWN,
        "mtu": DEVCONF_MTU6,
        "proxy_ndp": DEVCONF_PROXY_NDP,
        "use_tempaddr": DEVCONF_USE_TEMPADDR,
    ]

    /// What `value` knows, for the test that compares it with the files.
    static var keys: [(family: String, key: String)] {
        ipv4Keys.keys.map { ("ipv4", $0) } + ipv6Keys.keys.map { ("ipv6", $0) }
    }

    private static func value(at index: Int, of values: [Int32]) -> Int32? {
        values.indices.contains(index) ? values[index] : nil
    }
}

extension Attribute {
    /// The array that the attribute of this type in the nest holds.
    fileprivate func values(_ type: Int) throws(MalformedMessage) -> [Int32] {
        var inner = nested
        while let attribute = try inner.next() {
            guard attribute.type == type else { continue }
            let payload = attribute.payload
            return (0..<payload.count / 4).map {
                payload.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self)
            }
        }
        return []
    }
}
