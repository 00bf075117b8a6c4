internal import CNL

extension RawAttribute {
    /// Whether a route attribute belongs to the way that packets take (metrics, encapsulation)
    /// rather than to the one route that carried it.
    package var isCopiedWithRoute: Bool {
        [UInt16(RTA_METRICS.rawValue), UInt16(RTA_ENCAP.rawValue), UInt16(RTA_ENCAP_TYPE.rawValue)]
            .contains(type)
    }
}

extension Route {
    /// Whether packets are wrapped into others on this way (`RTA_ENCAP`).
    package var isEncapsulated: Bool {
        (otherAttributes + nextHops.flatMap(\.otherAttributes)).contains {
            $0.type == RTA_ENCAP.rawValue
        }
    }
}
