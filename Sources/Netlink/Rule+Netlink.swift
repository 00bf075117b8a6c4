import CNL

extension Rule {
    /// Decodes an `RTM_NEWRULE` message; nil for a family that is not ours.
    init?(_ message: Message) throws(MalformedMessage) {
        let header = try message.fixed(fib_rule_hdr.self)
        guard let family = AddressFamily(rawValue: header.family) else { return nil }
        self.init(
            family: family, priority: 0, action: RuleAction(rawValue: header.action),
            table: UInt32(header.table), isInverted: header.flags & UInt32(FIB_RULE_INVERT) != 0,
            typeOfService: header.tos)
        var attributes = message.attributes(after: fib_rule_hdr.self)
        while let attribute = try attributes.next() {
            switch attribute.type {
            case FRA_PRIORITY: priority = try attribute.integer()
            case FRA_SRC:
                source = IPPrefix(try attribute.address(family), length: header.src_len)
            case FRA_DST:
                destination = IPPrefix(try attribute.address(family), length: header.dst_len)
            case FRA_IIFNAME: incomingInterface = attribute.text
            case FRA_OIFNAME: outgoingInterface = attribute.text
            case FRA_FWMARK: firewallMark = try attribute.integer()
            case FRA_FWMASK: firewallMask = try attribute.integer()
            case FRA_TABLE: table = try attribute.integer()
            case FRA_SUPPRESS_PREFIXLEN: suppressPrefixLength = try attribute.suppressor()
            case FRA_SUPPRESS_IFGROUP: suppressInterfaceGroup = try attribute.suppressor()
            case FRA_PROTOCOL: `protocol` = RouteProtocol(rawValue: try attribute.integer())
            case FRA_UNSPEC, FRA_PAD: break
            case FRA_L3MDEV:
                if try attribute.integer(UInt8.self) != 0 { otherAttributes.append(attribute.copy) }
            default: otherAttributes.append(attribute.copy)
            }
        }
        // The kernel leaves a mark of 0 out, and keeps its mask.
        if firewallMask != nil, firewallMark == nil { firewallMark = 0 }
        if firewallMask == .max { firewallMask = nil }
        if action != .lookup { table = 0 }
    }

    /// Writes an `RTM_NEWRULE` or `RTM_DELRULE` request.
    ///
    /// Both carry everything: a delete takes the first rule that agrees with what it names.
    ///
    /// - Parameter isKnownNew: spares the kernel comparing the new rule with all that there are.
    func write(
        _ verb: RequestVerb, to writer: inout MessageWriter, isKnownNew: Bool = false
    ) {
        writer.begin(
            type: verb == .remove ? RTM_DELRULE : RTM_NEWRULE,
            flags: isKnownNew ? verb.flags & ~NLM_F_EXCL : verb.flags,
            fib_rule_hdr(
                family: family.rawValue, dst_len: destination?.length ?? 0,
                src_len: source?.length ?? 0, tos: typeOfService, table: 0, res1: 0, res2: 0,
                action: action.rawValue, flags: isInverted ? UInt32(FIB_RULE_INVERT) : 0))
        writer.put(FRA_PRIORITY, priority)
        if let source, !source.isDefault { writer.put(FRA_SRC, source.address) }
        if let destination, !destination.isDefault { writer.put(FRA_DST, destination.address) }
        if let incomingInterface { writer.put(FRA_IIFNAME, incomingInterface) }
        if let outgoingInterface { writer.put(FRA_OIFNAME, outgoingInterface) }
        if let firewallMark {
            writer.put(FRA_FWMARK, firewallMark)
            writer.put(FRA_FWMASK, firewallMask ?? .max)
        }
        if action == .lookup, table != 0 { writer.put(FRA_TABLE, table) }
        if let suppressPrefixLength { writer.put(FRA_SUPPRESS_PREFIXLEN, suppressPrefixLength) }
        if let suppressInterfaceGroup {
            writer.put(FRA_SUPPRESS_IFGROUP, suppressInterfaceGroup)
        }
        writer.put(FRA_PROTOCOL, `protocol`.rawValue)
        for attribute in otherAttributes { writer.put(attribute) }
    }
}

extension Attribute {
    /// The kernel's "does not suppress" is -1.
    fileprivate func suppressor() throws(MalformedMessage) -> UInt32? {
        let value: UInt32 = try integer()
        return value == .max ? nil : value
    }
}
