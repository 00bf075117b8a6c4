import CNL

extension Route {
    /// Writes an `RTM_NEWROUTE` or `RTM_DELROUTE` request.
    func write(_ verb: RequestVerb, to writer: inout MessageWriter) {
        let source = otherAttributes.first { $0.type == UInt16(RTA_SRC.number) }
        let isOnLink = nextHops.count == 1 && nextHops.allSatisfy(\.isOnLink)
        writer.begin(
            type: verb == .remove ? RTM_DELROUTE : RTM_NEWROUTE, flags: verb.flags,
            rtmsg(
                rtm_family: family.rawValue, rtm_dst_len: destination.length,
                rtm_src_len: source?.payload.last ?? 0, rtm_tos: typeOfService,
                rtm_table: UInt8(exactly: table) ?? 0, rtm_protocol: `protocol`.rawValue,
                rtm_scope: scope.rawValue, rtm_type: type.rawValue,
                rtm_flags: flags | (isOnLink ? UInt32(RTNH_F_ONLINK) : 0)))
        if !destination.isDefault { writer.put(RTA_DST.number, destination.address) }
        writer.put(RTA_TABLE.number, table)
        // A delete without a metric would take the first route of this destination.
        let metric = verb == .remove ? effectiveMetric : metric
        if metric != 0 { writer.put(RTA_PRIORITY.number, metric) }
        if let preferredSource { writer.put(RTA_PREFSRC.number, preferredSource) }
        writeNextHops(verb, to: &writer)
        writeOthers(to: &writer)
        if let lifetime, verb != .remove { writer.put(RTA_EXPIRES.number, lifetime.seconds) }
    }

    /// Whether its next hops are those of an object of their own: `nhid`, as routing daemons write.
    package var isByNextHopObject: Bool {
        otherAttributes.contains { $0.type == UInt16(RTA_NH_ID.number) }
    }

    private func writeNextHops(_ verb: RequestVerb, to writer: inout MessageWriter) {
        // A route by nexthop id names the id alone; what is behind it, the kernel knows.
        if isByNextHopObject { return }
        if nextHops.count > 1 {
            writer.nest(RTA_MULTIPATH.number) { writer in
                for hop in nextHops { hop.writeOneOfMany(family, to: &writer) }
            }
        } else if let hop = nextHops.first {
            hop.writeSingle(family, to: &writer)
        } else if verb == .remove, family == .ipv6, isReject {
            // IPv6 does not compare types: only the device tells a reject route from another of
            // its destination and metric (ip6_route_del). It is `lo`, in every namespace the 1st.
            writer.put(RTA_OIF.number, UInt32(1))
        }
    }

    private func writeOthers(to writer: inout MessageWriter) {
        let metrics = otherAttributes.first { $0.isMetrics }
        if mtu != nil || metrics != nil {
            writer.nest(RTA_METRICS.number) { writer in
                if let mtu { writer.put(RTAX_MTU, mtu) }
                metrics?.payload.withUnsafeBytes { writer.append(bytes: $0) }
            }
        }
        for attribute in otherAttributes where !attribute.isMetrics {
            var attribute = attribute
            if attribute.type == UInt16(RTA_SRC.number) {
                attribute.payload = attribute.payload.dropLast()
            }
            writer.put(attribute)
        }
    }
}

extension RawAttribute {
    fileprivate var isMetrics: Bool { Int(cnl_attribute_type(type)) == RTA_METRICS.number }
}
