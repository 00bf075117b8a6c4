public import Netlink

/// One thing that the kernel holds and that a plan may add, change or remove.
///
/// Indirect, as it is large and plans copy it by the thousand.
public indirect enum KernelObject: Hashable, Sendable {
    case link(LinkSetting)
    case address(InterfaceAddress)
    case route(Route)
    case rule(Rule)
    case sysctl(SysctlSetting)
    case channels(ChannelSetting)
    case steering(SteeringSetting)
}

extension KernelObject {
    /// The interface that a setting is of; nil: the host's, or no setting.
    var settingInterface: InterfaceIndex? {
        switch self {
        case .link(let setting): setting.interface
        case .sysctl(let setting): setting.interface
        case .channels(let setting): setting.interface
        case .steering(let setting): setting.interface
        case .address, .route, .rule: nil
        }
    }
}

/// One setting of a link.
public struct LinkSetting: Hashable, Sendable {
    public enum Value: Hashable, Sendable {
        case mtu(UInt32)
        case group(UInt32)
        case up(Bool)
    }

    public var interface: InterfaceIndex
    public var value: Value

    public init(interface: InterfaceIndex, _ value: Value) {
        self.interface = interface
        self.value = value
    }
}

/// A sysctl and its value, as read or as to be written, without the final line break.
public struct SysctlSetting: Hashable, Sendable {
    public var name: SysctlName
    public var value: String
    /// The interface that it belongs to; nil: the host's.
    public var interface: InterfaceIndex?

    public init(name: SysctlName, value: String, interface: InterfaceIndex? = nil) {
        self.name = name
        self.value = value
        self.interface = interface
    }
}
