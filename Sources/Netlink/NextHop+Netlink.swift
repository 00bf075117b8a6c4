import CNL

extension NextHop {
    /// A hop as its `RTNH_F_*` describe it, before its attributes are read.
    init(interface: InterfaceIndex?, weight: UInt16 = 1, flags: UInt32) {
        self.init(
            interface: interface, weight: weight, isOnLink: flags & UInt32(RTNH_F_ONLINK) != 0,
            isDead: flags & UInt32(RTNH_F_DEAD | RTNH_F_LINKDOWN) != 0)
    }

    /// Decodes `RTA_MULTIPATH`.
    static func all(
        in attribute: Attribute, _ family: AddressFamily
    ) throws(MalformedMessage) -> [NextHop] {
        var hops: [NextHop] = []
        var rest = attribute.payload
        while !rest.isEmpty {
            let header: rtnexthop = try rest.value()
            let payload = try rest.advance(
                past: Int(header.rtnh_len), headerSize: MemoryLayout<rtnexthop>.size)
            var hop = NextHop(
                interface: header.rtnh_ifindex == 0 ? nil : header.rtnh_ifindex,
                weight: UInt16(header.rtnh_hops) + 1, flags: UInt32(header.rtnh_flags))
            var attributes = AttributeReader(payload)
            while let attribute = try attributes.next() {
                switch rtattr_type_t(UInt32(attribute.type)) {
                case RTA_GATEWAY, RTA_VIA: hop.gateway = try attribute.gateway(family)
                default: hop.otherAttributes.append(attribute.copy)
                }
            }
            hops.append(hop)
        }
        return hops
    }

    /// Writes the only hop of a route.
    func writeSingle(_ family: AddressFamily, to writer: inout MessageWriter) {
        if let interface { writer.put(RTA_OIF.number, interface) }
        writeAttributes(family, to: &writer)
    }

    /// Writes one of several hops of a route.
    func writeOneOfMany(_ family: AddressFamily, to writer: inout MessageWriter) {
        let header = rtnexthop(
            rtnh_len: 0, rtnh_flags: isOnLink ? UInt8(RTNH_F_ONLINK) : 0,
            rtnh_hops: UInt8(clamping: max(weight, 1) - 1), rtnh_ifindex: interface ?? 0)
        writer.hop(header) { writeAttributes(family, to: &$0) }
    }

    private func writeAttributes(_ family: AddressFamily, to writer: inout MessageWriter) {
        if let gateway {
            if gateway.family == family {
                writer.put(RTA_GATEWAY.number, gateway)
            } else {
                // struct rtvia: the family, then the address.
                let family = UInt16(gateway.family.rawValue)
                let via = withUnsafeBytes(of: family) { Array($0) } + gateway.bytes
                writer.put(RawAttribute(type: UInt16(RTA_VIA.number), payload: via))
            }
        }
        for attribute in otherAttributes { writer.put(attribute) }
    }
}

extension Attribute {
    /// The address of `RTA_GATEWAY`, or of `RTA_VIA`, which brings its own family along.
    func gateway(_ family: AddressFamily) throws(MalformedMessage) -> IPAddress {
        guard type == RTA_VIA.number else { return try address(family) }
        let own: UInt16 = try payload.value()
        guard let family = AddressFamily(rawValue: UInt8(truncatingIfNeeded: own)),
            let address = IPAddress(family: family, bytes: payload.dropFirst(2))
        else { throw MalformedMessage() }
        return address
    }
}
