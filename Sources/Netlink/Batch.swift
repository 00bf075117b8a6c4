import CNL

/// Requests that go to the kernel together, in order.
public struct Batch: ~Copyable {
    var writer = MessageWriter()
    /// Where each request begins.
    private(set) var starts: [Int] = []
    /// Requests that are sent only once all before them are known to have succeeded.
    private(set) var barriers: Set<Int> = []

    public init() {}

    /// How many requests there are.
    public var count: Int { starts.count }

    /// What comes next is sent only if everything so far has succeeded.
    public mutating func barrier() { barriers.insert(count) }

    /// Equivalent to `ip address add`; an address that is there is refused (`EEXIST`).
    public mutating func add(_ address: InterfaceAddress) {
        request { address.write(.add, to: &$0) }
    }

    /// Equivalent to `ip address replace`: protocol, lifetimes, metric and flags, in place.
    public mutating func replace(_ address: InterfaceAddress) {
        request { address.write(.replace, to: &$0) }
    }

    /// Equivalent to `ip address delete`.
    public mutating func remove(_ address: InterfaceAddress) {
        request { address.write(.remove, to: &$0) }
    }

    /// Equivalent to `ip route add`; the same destination and metric is refused (`EEXIST`).
    public mutating func add(_ route: Route) { request { route.write(.add, to: &$0) } }

    /// Equivalent to `ip route append`: beside others of the same destination and metric.
    public mutating func append(_ route: Route) { request { route.write(.append, to: &$0) } }

    /// Equivalent to `ip route replace`: the first of its destination, type of service and metric.
    public mutating func replace(_ route: Route) { request { route.write(.replace, to: &$0) } }

    /// Equivalent to `ip route delete` with everything that tells the route from others.
    public mutating func remove(_ route: Route) { request { route.write(.remove, to: &$0) } }

    /// Equivalent to `ip rule add`; an identical rule is refused (`EEXIST`).
    ///
    /// - Parameter isKnownNew: the caller has just seen that there is none, and one that came since
    ///   gets a twin; 300 rules are added in half the time.
    public mutating func add(_ rule: Rule, isKnownNew: Bool = false) {
        request { rule.write(.add, to: &$0, isKnownNew: isKnownNew) }
    }

    /// Equivalent to `ip rule delete` with everything that tells the rule from others.
    public mutating func remove(_ rule: Rule) { request { rule.write(.remove, to: &$0) } }

    /// Equivalent to `ip link set mtu`.
    public mutating func setMTU(_ mtu: UInt32, of interface: InterfaceIndex) {
        request { LinkChange.mtu(mtu).write(interface, to: &$0) }
    }

    /// Equivalent to `ip link set group`.
    public mutating func setGroup(_ group: UInt32, of interface: InterfaceIndex) {
        request { LinkChange.group(group).write(interface, to: &$0) }
    }

    /// Equivalent to `ip link set up`, or `down`.
    public mutating func setUp(_ up: Bool, of interface: InterfaceIndex) {
        request { LinkChange.up(up).write(interface, to: &$0) }
    }

    private mutating func request(_ write: (inout MessageWriter) -> Void) {
        starts.append(writer.count)
        write(&writer)
    }

    /// The bytes of requests, in the writer's buffer.
    func range(of requests: Range<Int>) -> Range<Int> {
        guard let first = starts[requests].first else { return 0..<0 }
        return first..<(requests.upperBound < count ? starts[requests.upperBound] : writer.count)
    }

    /// For error messages: `add route`.
    func operation(of request: Int) -> String {
        let bytes = writer.bytes(range(of: request..<request + 1))
        let header = bytes.loadUnaligned(as: nlmsghdr.self)
        let replaces = Int32(header.nlmsg_flags) & NLM_F_REPLACE != 0
        return switch Int(header.nlmsg_type) {
        case RTM_NEWADDR: replaces ? "replace address" : "add address"
        case RTM_DELADDR: "remove address"
        case RTM_NEWROUTE: replaces ? "replace route" : "add route"
        case RTM_DELROUTE: "remove route"
        case RTM_NEWRULE: "add rule"
        case RTM_DELRULE: "remove rule"
        default: "set link"
        }
    }
}
