import CNL

extension Link {
    /// Decodes an `RTM_NEWLINK` message.
    init(_ message: Message) throws(MalformedMessage) {
        let header = try message.fixed(ifinfomsg.self)
        self.init(
            index: header.ifi_index, name: "", mtu: 0, flags: header.ifi_flags,
            hardwareType: header.ifi_type)
        let isEthernet = header.ifi_type == UInt16(ARPHRD_ETHER)
        var attributes = message.attributes(after: ifinfomsg.self)
        while let attribute = try attributes.next() {
            switch attribute.type {
            case IFLA_IFNAME: name = attribute.text
            case IFLA_ADDRESS: mac = isEthernet ? attribute.mac : nil
            case IFLA_PERM_ADDRESS: permanentMAC = isEthernet ? attribute.mac : nil
            case IFLA_MTU: mtu = try attribute.integer()
            case IFLA_MIN_MTU: minimumMTU = try attribute.bound()
            case IFLA_MAX_MTU: maximumMTU = try attribute.bound()
            case IFLA_GROUP: group = try attribute.integer()
            case IFLA_MASTER: master = try attribute.integer()
            case IFLA_PROP_LIST:
                try attribute.forEach(IFLA_ALT_IFNAME) { alternativeNames.append($0.text) }
            case IFLA_LINKINFO: try attribute.forEach(IFLA_INFO_KIND) { kind = $0.text }
            default: break
            }
        }
        guard !name.isEmpty else { throw MalformedMessage() }
    }
}

extension Attribute {
    /// Zero is no bound.
    fileprivate func bound() throws(MalformedMessage) -> UInt32? {
        let value: UInt32 = try integer()
        return value == 0 ? nil : value
    }

    /// The attributes of one type in this nest.
    fileprivate func forEach(
        _ type: Int, _ body: (Attribute) -> Void
    ) throws(MalformedMessage) {
        var inner = nested
        while let attribute = try inner.next() {
            if attribute.type == type { body(attribute) }
        }
    }
}
