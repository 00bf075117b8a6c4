import DataPlane
import Netlink

extension IfcfgReader {
    mutating func readAddresses(_ interface: inout ImportedInterface) {
        readRange(&interface)
        let suffixes = file.suffixes(of: "IPADDR").sorted { Self.number($0) < Self.number($1) }
        for suffix in suffixes where suffix != "_START" && suffix != "_END" {
            guard let (text, origin) = file.take("IPADDR" + suffix) else { continue }
            let explicit =
                file.take("PREFIX" + suffix) ?? file.take("PREFIXLEN" + suffix)
            let mask = file.take("NETMASK" + suffix)
            for key in ["BROADCAST", "NETWORK", "LABEL"] { _ = file.take(key + suffix) }
            let (given, parsed) = (explicit ?? mask, IPPrefix.parse(text))
            guard let (address, length) = parsed else {
                interface.notes.append(origin.note("no address"))
                continue
            }
            if text.contains("/") {
                interface.add(address, length, origin)
            } else if let given {
                guard let length = maskLength(given.value), length <= address.family.bitWidth else {
                    interface.notes.append(origin.note("\(given.origin.text) is no netmask"))
                    continue
                }
                interface.add(address, length, origin)
            } else {
                interface.addClassful(address, origin)
            }
        }
    }

    /// `_foo` and no suffix first, then by number.
    static func number(_ suffix: String) -> UInt32 {
        let digits = suffix.drop { $0 == "_" }
        return digits.isEmpty ? 0 : (wordNumber(digits) as UInt32?).map { $0 &+ 1 } ?? .max
    }

    /// `ifcfg-eth0-range0`: `IPADDR_START` to `IPADDR_END`.
    mutating func readRange(_ interface: inout ImportedInterface) {
        guard let (text, origin) = file.take("IPADDR_START"),
            let (last, _) = file.take("IPADDR_END")
        else { return }
        _ = file.take("CLONENUM_START")
        guard let first = IPAddress(text), let last = IPAddress(last), first.family == .ipv4,
            last.family == .ipv4, first <= last, last.bits - first.bits < 256
        else {
            interface.notes.append(origin.note("no range of at most 256 addresses"))
            return
        }
        let mask = (file.take("PREFIX") ?? file.take("NETMASK")).flatMap { maskLength($0.value) }
        for bits in first.bits...last.bits {
            interface.add(IPAddress(family: .ipv4, bits: bits), mask ?? 32, origin)
        }
    }

    // MARK: IPv6

    mutating func readIPv6(_ interface: inout ImportedInterface) {
        let isInitialized = file.takeFlag("IPV6INIT")
        if file.takeFlag("IPV6_DISABLED") == true,
            let origin = file.entries.first(where: { $0.key == "IPV6_DISABLED" })?.origin
        {
            interface.ipv6 = (.disabled, origin)
        }
        let isAutomatic =
            file.takeFlag("IPV6_AUTOCONF") == true || file.takeFlag("DHCPV6C") == true
        let texts =
            [file.take("IPV6ADDR")].compactMap { $0 }
            + [file.take("IPV6ADDR_SECONDARIES")].compactMap { $0 }
            .flatMap { list in list.value.blankSeparated.map { ($0, list.origin) } }
        if isInitialized == false {
            for (text, origin) in texts {
                interface.notes.append(origin.note("\(text) is not configured: IPV6INIT=no"))
            }
            return
        }
        if isAutomatic { interface.automatic.insert(.ipv6) }
        for (text, origin) in texts {
            guard let (address, length) = IPPrefix.parse(text), address.family == .ipv6 else {
                interface.notes.append(origin.note("'\(text)' is no IPv6 address"))
                continue
            }
            if text.contains("/") {
                interface.add(address, length, origin)
            } else {
                interface.addClassful(address, origin)
            }
        }
    }
}
