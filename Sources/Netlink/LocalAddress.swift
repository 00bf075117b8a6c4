import CNL

/// An address to which the kernel answers on an interface: a `local` route of the table `local`.
public struct LocalAddress: Hashable, Sendable {
    public var address: IPAddress
    public var interface: InterfaceIndex

    public init(_ address: IPAddress, on interface: InterfaceIndex) {
        self.address = address
        self.interface = interface
    }
}

extension NetlinkSocket {
    /// Equivalent to `ip route show table local type local`.
    ///
    /// - Throws: as all dumps do.
    public func localAddresses(
        _ family: AddressFamily
    ) throws(KernelError) -> Set<LocalAddress> {
        let found: [LocalAddress] = try dump("dump \(family) local routes") { writer in
            var header = rtmsg()
            header.rtm_family = family.rawValue
            // Linux 4.20 and newer send these alone.
            header.rtm_table = UInt8(truncatingIfNeeded: RouteTable.local)
            header.rtm_type = RouteType.local.rawValue
            writer.begin(type: RTM_GETROUTE, flags: NLM_F_DUMP, header)
        } decode: { message throws(MalformedMessage) in
            guard Int(message.header.nlmsg_type) == RTM_NEWROUTE else { return nil }
            let header = try message.fixed(rtmsg.self)
            guard header.rtm_family == family.rawValue,
                header.rtm_type == RouteType.local.rawValue,
                header.rtm_dst_len == family.bitWidth
            else { return nil }
            var address: IPAddress?
            var interface: InterfaceIndex?
            var attributes = message.attributes(after: rtmsg.self)
            while let attribute = try attributes.next() {
                switch rtattr_type_t(UInt32(attribute.type)) {
                case RTA_DST: address = try attribute.address(family)
                case RTA_OIF: interface = try attribute.integer()
                default: break
                }
            }
            guard let address, let interface else { return nil }
            return LocalAddress(address, on: interface)
        }
        return Set(found)
    }
}
