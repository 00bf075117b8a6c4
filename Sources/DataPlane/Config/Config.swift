public import Netlink
public import Plist

/// What the files say, merged, with defaults resolved and every key checked.
public struct Config: Hashable, Sendable {
    /// In the order of the main file, then of the drop-ins.
    public var interfaces: [InterfaceConfig]
    /// `Rules`: further rules; a rule of family `both` stands here twice.
    public var rules: [RuleConfig]
    /// `Sysctl` of the top level.
    public var sysctls: [SysctlConfig]
    /// What marks the things we own.
    public var `protocol`: UInt8
    /// The interface group of managed ENIs.
    public var linkGroup: UInt32
    /// Every file that counts, the main file first, even while it or the discovered one is not
    /// there: what `watch` follows.
    public var files: [String]
    /// nil: the file asks for none.
    public var discovery: Discovery?
    /// `Floating` addresses and others that a rebind has moved; empty before `bound(by:)`.
    public var floating: [FloatingAddress] = []
    /// What bindings make of the files: warnings, and errors that stop a plan (69).
    public var bindingDiagnostics: [Diagnostic] = []

    public init(
        interfaces: [InterfaceConfig] = [], rules: [RuleConfig] = [],
        sysctls: [SysctlConfig] = [], protocol: UInt8 = 82, linkGroup: UInt32 = 82,
        files: [String] = [], discovery: Discovery? = nil
    ) {
        self.interfaces = interfaces
        self.rules = rules
        self.sysctls = sysctls
        self.protocol = `protocol`
        self.linkGroup = linkGroup
        self.files = files
        self.discovery = discovery
    }
}

/// The file that metadata made.
public struct Discovery: Hashable, Sendable {
    public var path: String
    /// Where the main file names it; nil: it stands for the main file.
    public var location: SourceLocation?
    /// False while it is not there.
    public var isRead: Bool

    public init(path: String, location: SourceLocation?, isRead: Bool) {
        self.path = path
        self.location = location
        self.isRead = isRead
    }
}

/// A value and where it was written.
public struct Located<Value> {
    public var value: Value
    public var location: SourceLocation

    public init(_ value: Value, at location: SourceLocation) {
        self.value = value
        self.location = location
    }
}

// Apart, so that the runtime need not look for them each time it meets a new kind of value.
extension Located: Equatable where Value: Equatable {}
extension Located: Hashable where Value: Hashable {}
extension Located: Sendable where Value: Sendable {}

/// A `Sysctl` entry.
public struct SysctlConfig: Hashable, Sendable {
    public var name: SysctlName
    public var value: String
    public var location: SourceLocation

    public init(name: SysctlName, value: String, location: SourceLocation) {
        self.name = name
        self.value = value
        self.location = location
    }
}

/// A `Rules` entry for one family.
public struct RuleConfig: Hashable, Sendable {
    /// Without protocol: the plan marks it.
    public var rule: Rule
    public var location: SourceLocation

    public init(rule: Rule, location: SourceLocation) {
        self.rule = rule
        self.location = location
    }
}
