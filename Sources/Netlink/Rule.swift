/// A routing policy rule. Equivalent to a line of `ip -d rule show`.
public struct Rule: Hashable, Sendable {
    public var family: AddressFamily
    /// `FRA_PRIORITY`; the smaller is asked first.
    public var priority: UInt32
    /// nil: from all.
    public var source: IPPrefix?
    /// nil: to all.
    public var destination: IPPrefix?
    public var incomingInterface: String?
    public var outgoingInterface: String?
    public var firewallMark: UInt32?
    /// nil: all bits.
    public var firewallMask: UInt32?
    public var action: RuleAction
    /// The table of a `lookup`; 0 otherwise.
    public var table: UInt32
    /// Results of this prefix length or shorter are passed over; nil: none are.
    public var suppressPrefixLength: UInt32?
    /// Results whose device is in this group are passed over; nil: none are.
    public var suppressInterfaceGroup: UInt32?
    /// `not`: the selectors are inverted (`FIB_RULE_INVERT`).
    public var isInverted: Bool
    public var `protocol`: RouteProtocol
    public var typeOfService: UInt8
    /// What is not modelled (ports, uid range, goto, l3mdev …), kept as dumped and sent in a delete.
    public var otherAttributes: [RawAttribute]

    public init(
        family: AddressFamily, priority: UInt32, source: IPPrefix? = nil,
        destination: IPPrefix? = nil, incomingInterface: String? = nil,
        outgoingInterface: String? = nil, firewallMark: UInt32? = nil,
        firewallMask: UInt32? = nil, action: RuleAction = .lookup, table: UInt32 = 0,
        suppressPrefixLength: UInt32? = nil, suppressInterfaceGroup: UInt32? = nil,
        isInverted: Bool = false, protocol: RouteProtocol = .unspecified,
        typeOfService: UInt8 = 0, otherAttributes: [RawAttribute] = []
    ) {
        self.family = family
        self.priority = priority
        self.source = source
        self.destination = destination
        self.incomingInterface = incomingInterface
        self.outgoingInterface = outgoingInterface
        self.firewallMark = firewallMark
        self.firewallMask = firewallMask
        self.action = action
        self.table = table
        self.suppressPrefixLength = suppressPrefixLength
        self.suppressInterfaceGroup = suppressInterfaceGroup
        self.isInverted = isInverted
        self.protocol = `protocol`
        self.typeOfService = typeOfService
        self.otherAttributes = otherAttributes
    }
}

extension Rule {
    /// The few fields in which rules of one host differ; equality looks at all of them.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(UInt64(priority) << 32 | UInt64(table))
        if let source { hasher.combine(source.address) }
    }
}

/// What a rule does. The corresponding C constants are `FR_ACT_*`.
public struct RuleAction: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `FR_ACT_TO_TBL`.
    public static let lookup = RuleAction(rawValue: 1)
    public static let goto = RuleAction(rawValue: 2)
    public static let blackhole = RuleAction(rawValue: 6)
    public static let unreachable = RuleAction(rawValue: 7)
    public static let prohibit = RuleAction(rawValue: 8)
}
