import CNL

extension InterfaceAddress {
    /// What the kernel says of an address by itself; it is read, and never asked for.
    static let stateFlags: AddressFlags = [
        .secondary, .tentative, .dadFailed, .deprecated, .permanent,
    ]

    /// Decodes an `RTM_NEWADDR` message; nil for a family that is not ours.
    ///
    /// - Parameter names: what the interfaces are called, for labels.
    init?(_ message: Message, names: [InterfaceIndex: AddressLabel]) throws(MalformedMessage) {
        let header = try message.fixed(ifaddrmsg.self)
        guard let family = AddressFamily(rawValue: header.ifa_family) else { return nil }
        var address: IPAddress?
        var local: IPAddress?
        self.init(
            interface: InterfaceIndex(truncatingIfNeeded: header.ifa_index),
            address: .any(family), prefixLength: header.ifa_prefixlen,
            scope: RouteScope(rawValue: header.ifa_scope),
            flags: AddressFlags(rawValue: UInt32(header.ifa_flags)))
        var attributes = message.attributes(after: ifaddrmsg.self)
        while let attribute = try attributes.next() {
            switch attribute.type {
            case IFA_ADDRESS: address = try attribute.address(family)
            case IFA_LOCAL: local = try attribute.address(family)
            case IFA_BROADCAST: broadcast = try attribute.address(family)
            case IFA_LABEL:
                let text = AddressLabel(attribute.payload.prefix { $0 != 0 })
                let name = names[interface]
                // A name that is no UTF-8 is known with repairs.
                let isName = text == name || AddressLabel(text.description) == name
                label = isName ? nil : text
            case IFA_FLAGS: flags = AddressFlags(rawValue: try attribute.integer())
            case IFA_PROTO: `protocol` = try attribute.integer()
            case IFA_RT_PRIORITY: metric = try attribute.integer()
            case IFA_CACHEINFO:
                let lifetimes: ifa_cacheinfo = try attribute.payload.value()
                preferredLifetime = lifetimes.ifa_prefered
                validLifetime = lifetimes.ifa_valid
            default: break
            }
        }
        // IFA_ADDRESS is the other end; IPv6 sends IFA_LOCAL only where the two differ.
        guard let own = local ?? address, prefixLength <= family.bitWidth else {
            throw MalformedMessage()
        }
        self.address = own
        self.peer = address == own ? nil : address
    }

    /// Writes an `RTM_NEWADDR` or `RTM_DELADDR` request.
    func write(_ verb: RequestVerb, to writer: inout MessageWriter) {
        let wanted = flags.subtracting(Self.stateFlags).rawValue
        writer.begin(
            type: verb == .remove ? RTM_DELADDR : RTM_NEWADDR, flags: verb.flags,
            ifaddrmsg(
                ifa_family: family.rawValue, ifa_prefixlen: prefixLength,
                ifa_flags: UInt8(truncatingIfNeeded: wanted), ifa_scope: scope.rawValue,
                ifa_index: UInt32(bitPattern: interface)))
        writer.put(IFA_LOCAL, address)
        writer.put(IFA_ADDRESS, peer ?? address)
        if let label { writer.put(IFA_LABEL, label.description) }
        guard verb != .remove else { return }
        if let broadcast { writer.put(IFA_BROADCAST, broadcast) }
        if wanted > UInt8.max { writer.put(IFA_FLAGS, wanted) }
        if preferredLifetime != Self.forever || validLifetime != Self.forever {
            let lifetimes = ifa_cacheinfo(
                ifa_prefered: preferredLifetime, ifa_valid: validLifetime, cstamp: 0, tstamp: 0)
            withUnsafeBytes(of: lifetimes) { writer.put(IFA_CACHEINFO, bytes: $0) }
        }
        if metric != 0 { writer.put(IFA_RT_PRIORITY, metric) }
        if `protocol` != 0 { writer.put(IFA_PROTO, `protocol`) }
    }
}
