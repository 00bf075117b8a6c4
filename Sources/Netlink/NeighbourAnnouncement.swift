import CNL
import Glibc
import SystemPackage

/// Tells a link's neighbours where an address is now, so that they do not ask its old place.
public struct NeighbourAnnouncement: Hashable, Sendable {
    public var address: IPAddress
    public var interface: InterfaceIndex
    public var mac: MACAddress

    public init(_ address: IPAddress, isAt mac: MACAddress, through interface: InterfaceIndex) {
        self.address = address
        self.mac = mac
        self.interface = interface
    }

    /// Equivalent to `arping -U` and `arping -A` for IPv4 (RFC 5227: hosts differ in which form
    /// they heed), to `ndsend` for IPv6 (RFC 4861, 7.2.6).
    ///
    /// - Parameter isRouter: what the kernel itself would say of the interface.
    /// - Throws: what a socket answered.
    public func send(isRouter: Bool) throws(KernelError) {
        switch address.family {
        case .ipv4: try sendARP()
        case .ipv6: try sendAdvertisement(isRouter: isRouter)
        }
    }

    // MARK: IPv4

    /// One for the life of the process: closing it waits until no processor can be looking at it
    /// any more, 10 ms and longer (packet_release, net/packet/af_packet.c).
    private static let packetSocket: Result<DatagramSocket, KernelError> = {
        do throws(KernelError) {
            return .success(try DatagramSocket(AF_PACKET, SOCK_DGRAM, 0))
        } catch { return .failure(error) }
    }()

    /// The descriptor of the socket for ARP, for a child to close; nil where there is none.
    public static var packetDescriptor: Int32? { try? packetSocket.get().descriptor }

    private func sendARP() throws(KernelError) {
        let socket = try Self.packetSocket.get()
        var destination = sockaddr_ll()
        destination.sll_family = sa_family_t(AF_PACKET)
        destination.sll_protocol = UInt16(ETH_P_ARP).bigEndian
        destination.sll_ifindex = interface
        destination.sll_halen = UInt8(ETH_ALEN)
        withUnsafeMutableBytes(of: &destination.sll_addr) { bytes in
            for index in 0..<Int(ETH_ALEN) { bytes[index] = 0xFF }
        }
        for operation in [ARPOP_REQUEST, ARPOP_REPLY] {
            try socket.send(arp(operation), to: destination)
        }
    }

    /// Linux heeds a gratuitous reply only where its target is the sender (arp_is_garp).
    private func arp(_ operation: Int32) -> [UInt8] {
        let sender = mac.bytes + address.bytes
        let target =
            operation == ARPOP_REQUEST ? [UInt8](repeating: 0, count: Int(ETH_ALEN)) : mac.bytes
        let header = [ARPHRD_ETHER, ETH_P_IP, ETH_ALEN << 8 | 4, operation].flatMap {
            [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)]
        }
        return header + sender + target + address.bytes
    }

    // MARK: IPv6

    private func sendAdvertisement(isRouter: Bool) throws(KernelError) {
        let socket = try DatagramSocket(AF_INET6, SOCK_RAW, Int32(IPPROTO_ICMPV6))
        let level = Int32(IPPROTO_IPV6)
        // RFC 4861: a receiver discards what has been forwarded.
        try socket.set(level, IPV6_MULTICAST_HOPS, 255)
        try socket.set(level, IPV6_MULTICAST_IF, interface)
        try socket.set(level, IPV6_MULTICAST_LOOP, 0)
        try socket.bind(to: Self.socketAddress(address, on: interface))
        let override: UInt8 = 0x20
        let router: UInt8 = isRouter ? 0x80 : 0
        // The kernel fills in the checksum of an ICMPv6 socket.
        let message: [UInt8] =
            [UInt8(ND_NEIGHBOR_ADVERT), 0, 0, 0, override | router, 0, 0, 0] + address.bytes
            + [UInt8(ND_OPT_TARGET_LINKADDR), 1] + mac.bytes
        let allNodes = IPAddress(family: .ipv6, bits: 0xFF02 << 112 | 1)
        try socket.send(message, to: Self.socketAddress(allNodes, on: interface))
    }

    private static func socketAddress(
        _ address: IPAddress, on interface: InterfaceIndex
    ) -> sockaddr_in6 {
        var result = sockaddr_in6()
        result.sin6_family = sa_family_t(AF_INET6)
        withUnsafeMutableBytes(of: &result.sin6_addr) { $0.copyBytes(from: address.bytes) }
        // Global addresses need no scope, and the kernel ignores it.
        result.sin6_scope_id = UInt32(bitPattern: interface)
        return result
    }
}
