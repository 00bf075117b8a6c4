import CNL

extension Route {
    /// Decodes an `RTM_NEWROUTE` message; nil for what is not configuration: another family,
    /// the table `local`, a cached route.
    init?(_ message: Message) throws(MalformedMessage) {
        let header = try message.fixed(rtmsg.self)
        guard let family = AddressFamily(rawValue: header.rtm_family),
            header.rtm_table != UInt8(truncatingIfNeeded: RouteTable.local),
            header.rtm_flags & UInt32(RTM_F_CLONED) == 0
        else { return nil }
        self.init(
            destination: .default(family), table: UInt32(header.rtm_table),
            type: RouteType(rawValue: header.rtm_type),
            scope: RouteScope(rawValue: header.rtm_scope),
            protocol: RouteProtocol(rawValue: header.rtm_protocol),
            typeOfService: header.rtm_tos)
        var single = NextHop(interface: nil, flags: header.rtm_flags)
        var attributes = message.attributes(after: rtmsg.self)
        while let attribute = try attributes.next() {
            switch rtattr_type_t(UInt32(attribute.type)) {
            case RTA_DST:
                destination = IPPrefix(try attribute.address(family), length: header.rtm_dst_len)
            case RTA_TABLE: table = try attribute.integer()
            case RTA_PRIORITY: metric = try attribute.integer()
            case RTA_PREFSRC: preferredSource = try attribute.address(family)
            case RTA_OIF: single.interface = try attribute.integer()
            case RTA_GATEWAY, RTA_VIA: single.gateway = try attribute.gateway(family)
            case RTA_MULTIPATH: nextHops = try NextHop.all(in: attribute, family)
            case RTA_METRICS: try readMetrics(attribute)
            case RTA_CACHEINFO: try readExpiry(attribute)
            case RTA_SRC:
                // Its length stands in the header alone; as a last byte it travels along.
                var source = attribute.copy
                source.payload.append(header.rtm_src_len)
                otherAttributes.append(source)
            case RTA_PREF:
                // 0 is `medium`, which every IPv6 route without a preference is dumped with.
                if try attribute.integer(UInt8.self) != 0 { otherAttributes.append(attribute.copy) }
            case RTA_UNSPEC, RTA_IIF, RTA_PAD, RTA_MFC_STATS: break
            default: otherAttributes.append(attribute.copy)
            }
        }
        if isReject {
            // IPv6 dumps a reject route with `lo`, which nobody asked for.
            nextHops = []
        } else if nextHops.isEmpty, single.interface != nil || single.gateway != nil {
            nextHops = [single]
        }
    }

    /// Takes the MTU out of the metrics; the others are kept as they came.
    private mutating func readMetrics(_ attribute: Attribute) throws(MalformedMessage) {
        var others: [UInt8] = []
        var metrics = attribute.nested
        while let metric = try metrics.next() {
            if metric.type == RTAX_MTU {
                mtu = try metric.integer()
            } else {
                others.append(metric)
            }
        }
        guard !others.isEmpty else { return }
        otherAttributes.append(RawAttribute(type: attribute.rawType, payload: others))
    }

    private mutating func readExpiry(_ attribute: Attribute) throws(MalformedMessage) {
        let info: rta_cacheinfo = try attribute.payload.value()
        // In USER_HZ ticks, a hundred to the second on every architecture.
        guard info.rta_expires > 0 else { return }
        lifetime = RemainingLifetime(seconds: UInt32(info.rta_expires) / 100)
    }
}

extension [UInt8] {
    /// Header, payload and padding.
    fileprivate mutating func append(_ attribute: Attribute) {
        let length = MemoryLayout<nlattr>.size + attribute.payload.count
        let header = nlattr(
            nla_len: UInt16(truncatingIfNeeded: length), nla_type: attribute.rawType)
        Swift.withUnsafeBytes(of: header) { append(contentsOf: $0) }
        append(contentsOf: attribute.payload)
        append(contentsOf: repeatElement(0, count: netlinkAligned(length) - length))
    }
}
