import CNL

/// A change of the kernel's tables, as its multicast message tells of it: decoded just as far as
/// it takes to know whether it concerns anybody. Equivalent to a line of `ip monitor`.
public struct KernelEvent: Hashable, Sendable {
    public enum Subject: Hashable, Sendable {
        case link, address, route, rule
        /// A sysctl of an interface that the kernel tells of: `rp_filter`, `forwarding` and a few.
        case configuration
    }

    public var subject: Subject
    /// It is gone; else it is new, or not what it was.
    public var isRemoval: Bool
    /// The port id of the socket that asked for it, which is the id of its process unless that has
    /// several sockets; 0 where the kernel did it by itself, or does not tell.
    public var requester: UInt32
    /// Of a link, an address, or a route with one way out.
    public var interface: InterfaceIndex?
    /// Of a route or a rule.
    public var table: UInt32?
    /// The mark of a route, a rule or an address.
    public var `protocol`: RouteProtocol?
    /// Of an address event; of a rule the source.
    public var address: IPAddress?
    /// Of a link: `IFF_UP`, and its group.
    public var isUp = false
    public var group: UInt32?
    /// A route that took another's place (`NLM_F_REPLACE`).
    public var isReplacement = false
    /// A route to `default`.
    public var isDefaultRoute = false

    public init(_ subject: Subject, isRemoval: Bool = false, requester: UInt32 = 0) {
        self.subject = subject
        self.isRemoval = isRemoval
        self.requester = requester
    }
}

extension KernelEvent {
    /// nil for what is no event, and for routes that are the kernel's own affair: those of `local`
    /// and cached ones.
    init?(_ message: Message) throws(MalformedMessage) {
        let kinds: [(new: Int, gone: Int, Subject)] = [
            (RTM_NEWROUTE, RTM_DELROUTE, .route), (RTM_NEWADDR, RTM_DELADDR, .address),
            (RTM_NEWRULE, RTM_DELRULE, .rule), (RTM_NEWLINK, RTM_DELLINK, .link),
            (RTM_NEWNETCONF, RTM_DELNETCONF, .configuration),
        ]
        let type = Int(message.header.nlmsg_type)
        guard let kind = kinds.first(where: { $0.new == type || $0.gone == type }) else {
            return nil
        }
        self.init(kind.2, isRemoval: type == kind.gone, requester: message.header.nlmsg_pid)
        switch kind.2 {
        case .route:
            guard try readRoute(message) else { return nil }
        case .address: try readAddress(message)
        case .rule: try readRule(message)
        case .link: try readLink(message)
        case .configuration: break
        }
    }

    /// Whether it is anybody's affair.
    private mutating func readRoute(_ message: Message) throws(MalformedMessage) -> Bool {
        let header = try message.fixed(rtmsg.self)
        guard UInt32(header.rtm_table) != RouteTable.local,
            header.rtm_flags & UInt32(RTM_F_CLONED) == 0
        else { return false }
        table = UInt32(header.rtm_table)
        self.protocol = RouteProtocol(rawValue: header.rtm_protocol)
        isDefaultRoute = header.rtm_dst_len == 0
        isReplacement = Int32(message.header.nlmsg_flags) & NLM_F_REPLACE != 0
        var attributes = message.attributes(after: rtmsg.self)
        while let attribute = try attributes.next() {
            switch rtattr_type_t(UInt32(attribute.type)) {
            case RTA_TABLE: table = try attribute.integer()
            case RTA_OIF: interface = try attribute.integer()
            default: break
            }
        }
        return true
    }

    private mutating func readAddress(_ message: Message) throws(MalformedMessage) {
        let header = try message.fixed(ifaddrmsg.self)
        interface = InterfaceIndex(truncatingIfNeeded: header.ifa_index)
        guard let family = AddressFamily(rawValue: header.ifa_family) else { return }
        var attributes = message.attributes(after: ifaddrmsg.self)
        while let attribute = try attributes.next() {
            switch attribute.type {
            case IFA_LOCAL: address = try attribute.address(family)
            // The other end's, where there is an IFA_LOCAL.
            case IFA_ADDRESS where address == nil: address = try attribute.address(family)
            case IFA_PROTO: self.protocol = RouteProtocol(rawValue: try attribute.integer())
            default: break
            }
        }
    }

    private mutating func readRule(_ message: Message) throws(MalformedMessage) {
        let header = try message.fixed(fib_rule_hdr.self)
        table = UInt32(header.table)
        let family = AddressFamily(rawValue: header.family)
        var attributes = message.attributes(after: fib_rule_hdr.self)
        while let attribute = try attributes.next() {
            switch attribute.type {
            case FRA_PROTOCOL: self.protocol = RouteProtocol(rawValue: try attribute.integer())
            case FRA_TABLE: table = try attribute.integer()
            case FRA_SRC:
                if let family { address = try attribute.address(family) }
            default: break
            }
        }
    }

    private mutating func readLink(_ message: Message) throws(MalformedMessage) {
        let header = try message.fixed(ifinfomsg.self)
        interface = header.ifi_index
        isUp = header.ifi_flags & UInt32(IFF_UP) != 0
        var attributes = message.attributes(after: ifinfomsg.self)
        while let attribute = try attributes.next() {
            if attribute.type == IFLA_GROUP { group = try attribute.integer() }
        }
    }
}
