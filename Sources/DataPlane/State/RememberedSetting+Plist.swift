import Netlink
import Plist
import RPSTuner

extension RememberedSetting {
    var isOfQueue: Bool { if case .steering = first { true } else { false } }

    init(_ value: PlistValue) throws(Damage) {
        let interface = try value.optional("Interface") { $0.number(InterfaceIndex.self) }
        let isOfChannels = try value.optional("Channels", \.boolean) ?? false
        let path = try value.optional("Sysctl", \.string)
        let kind = try value.optional("Link", \.string)
        func object(_ key: String) throws(Damage) -> KernelObject {
            let text = try value.required(key, \.string)
            if let path {
                return .sysctl(
                    SysctlSetting(name: SysctlName(path: path), value: text, interface: interface))
            }
            let interface = try interface.orDamage()
            if isOfChannels {
                let counts = try ChannelCounts(text).orDamage()
                return .channels(ChannelSetting(interface: interface, counts))
            }
            let setting: LinkSetting.Value? =
                switch kind {
                case "mtu": UInt32(text).map { .mtu($0) }
                case "group": UInt32(text).map { .group($0) }
                case "up": PlistValue.string(text).boolean.map { .up($0) }
                default: nil
                }
            return .link(LinkSetting(interface: interface, try setting.orDamage()))
        }
        self.init(
            first: try object("First"), ours: try object("Ours"),
            cause: try value.optional("Cause", \.string).map { SysctlName(path: $0) })
    }

    var plistValue: PlistValue {
        var entries: [PlistValue.Entry] = []
        switch first {
        case .sysctl(let setting):
            entries.append(.init("Sysctl", .string(setting.name.path)))
            if let interface = setting.interface {
                entries.append(.init("Interface", .integer(interface)))
            }
        case .link(let setting):
            let kind =
                switch setting.value {
                case .mtu: "mtu"
                case .group: "group"
                case .up: "up"
                }
            entries.append(.init("Link", .string(kind)))
            entries.append(.init("Interface", .integer(setting.interface)))
        case .channels(let setting):
            entries.append(.init("Channels", .boolean(true)))
            entries.append(.init("Interface", .integer(setting.interface)))
        case .address, .route, .rule, .steering:
            break
        }
        entries.append(.init("First", first.settingText))
        entries.append(.init("Ours", ours.settingText))
        if let cause { entries.append(.init("Cause", .string(cause.path))) }
        return .dictionary(entries)
    }
}

extension KernelObject {
    fileprivate var settingText: PlistValue {
        switch self {
        case .sysctl(let setting): .string(setting.value)
        case .link(let setting):
            switch setting.value {
            case .mtu(let mtu): .integer(mtu)
            case .group(let group): .integer(group)
            case .up(let isUp): .boolean(isUp)
            }
        case .channels(let setting): .string(setting.counts.words.text)
        case .address, .route, .rule, .steering: .string("")
        }
    }
}
