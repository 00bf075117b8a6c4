import DataPlane
import Netlink
import Plist

/// Three ENIs on one subnet, and one on another.
enum RebindHost {
    static let mac1 = MACAddress(bits: 0x0016_3E12_E701)
    static let address = IPAddress(family: .ipv4, bits: 0x0A00_001E)

    static let text = configText(
        """
        Name = eth0; Primary = YES; Addresses = ( "10.0.0.19/24" ); Gateway = "10.0.0.253";
        """,
        """
        MACAddress = "00:16:3e:12:e7:01"; Gateway = ( "10.0.0.253", "2001:db8::ff" );
            Addresses = ( "10.0.0.20/24", "2001:db8::20/64",
                { Address = "10.0.0.30/24"; Floating = YES; },
                { Address = "2001:db8::30/64"; Floating = YES; },
                { Address = "10.0.0.31/24"; Floating = YES; Initially = released; } );
        """,
        """
        Name = eth2; Addresses = ( "10.0.0.21/24", "2001:db8::21/64" );
            Gateway = ( "10.0.0.253", "2001:db8::ff" );
        """,
        """
        Name = eth3; Addresses = ( "10.0.1.20/24" ); Gateway = "10.0.1.253";
        """,
        "Name = eth4; Managed = NO;", "Name = eth5; ActivationPolicy = down;",
        "Name = eth6; IPv6 = disabled; Addresses = ( \"10.0.0.26/24\" );",
        "Name = eth8;")

    private static func configText(_ entries: String...) -> String {
        "{ Version = 1; Interfaces = ( { " + entries.joined(separator: " }, { ") + " } ); }"
    }

    /// `IFF_UP | IFF_BROADCAST | IFF_RUNNING | IFF_MULTICAST`
    static let running: UInt32 = 0x1043

    static let links: [Link] =
        [Link(index: 1, name: "lo", flags: 0x49)]
        + (0...7).map { number in
            Link(
                index: InterfaceIndex(number) + 2, name: "eth\(number)",
                alternativeNames: ["enp\(number)"],
                mac: MACAddress(bits: mac1.bits - 1 + UInt64(number)),
                flags: number == 5 ? 0x1002 : running)
        }

    static func config(_ text: String = text) throws -> Config {
        try ConfigReader.read([SourceText(file: "main", text: text)]).config
    }

    static func link(_ name: String) -> Link? { links.first { $0.name == name } }
}
