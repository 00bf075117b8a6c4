import DataPlane
import Netlink

extension Translation {
    private static let scopes: Set<String> = ["all", "default", "lo"]

    /// The last value of each name; an interface's own go below it.
    mutating func sortSysctls() {
        var last: [SysctlName: ImportedSysctl] = [:]
        var order: [SysctlName] = []
        for sysctl in host.sysctls {
            if last.updateValue(sysctl, forKey: sysctl.name) == nil { order.append(sysctl.name) }
        }
        let hasIPv6 = host.interfaces.contains { $0.has(.ipv6) }
        for name in order {
            guard let sysctl = last[name] else { continue }
            let parts = name.components
            if parts[3] == "*" {
                spread(sysctl, except: Set(last.keys))
            } else if let index = index(ofDevice: parts[3]), !Self.scopes.contains(parts[3]) {
                add(sysctl, to: index)
            } else if !Self.scopes.contains(parts[3]) {
                host.notes.append(
                    sysctl.origin.note("not carried over: \(parts[3]) is no interface of this file")
                )
            } else if parts[4] == "disable_ipv6", sysctl.value != "0", hasIPv6 {
                host.notes.append(
                    sysctl.origin.note("not carried over: there are IPv6 addresses"))
            } else {
                sysctls.append(.string("\(name)", sysctl.value, sysctl.origin))
            }
        }
    }

    /// systemd's `net.ipv4.conf.*.KEY`, for the interfaces of this file.
    private mutating func spread(_ sysctl: ImportedSysctl, except given: Set<SysctlName>) {
        let parts = sysctl.name.components
        for index in host.interfaces.indices {
            let name = SysctlName.interface(host.interfaces[index].name ?? "", parts[1], parts[4])
            if !given.contains(name) { add(sysctl, to: index) }
        }
        host.notes.append(sysctl.origin.note("carried over for the interfaces of this file only"))
    }

    private mutating func add(_ sysctl: ImportedSysctl, to index: Int) {
        let parts = sysctl.name.components
        let origin = sysctl.origin
        switch (parts[1], parts[4]) {
        case ("ipv4", "rp_filter"):
            guard let value: UInt32 = wordNumber(sysctl.value), value <= 2 else {
                host.interfaces[index].notes.append(origin.note("0, 1 or 2"))
                return
            }
            if let filter = host.interfaces[index].reversePathFilter {
                guard filter.value != value else { return }
                host.interfaces[index].notes.append(
                    origin.note("not carried over: \(filter.origin.text) says otherwise"))
                return
            }
            host.interfaces[index].reversePathFilter = ImportedNumber(value: value, origin: origin)
        case ("ipv6", "disable_ipv6"):
            if sysctl.value == "0" {
                host.interfaces[index].ipv6 = (.enabled, origin)
            } else if host.interfaces[index].has(.ipv6) {
                host.interfaces[index].notes.append(
                    origin.note("not carried over: it has IPv6 addresses"))
            } else {
                host.interfaces[index].ipv6 = (.disabled, origin)
            }
        default:
            interfaceSysctls[index, default: []].append(
                .string("\(parts[1]).\(parts[4])", sysctl.value, origin))
        }
    }
}
