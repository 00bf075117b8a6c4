package import Netlink

extension Rule {
    /// As in `ip -d rule show`, in its order and without the priority.
    package var words: [Word] {
        var words: [Word] = []
        words.reserveCapacity(8)
        if isInverted { words.append(.flag("not")) }
        words.append(.pair("from", source?.ruleText ?? "all"))
        if let destination { words.append(.pair("to", destination.ruleText)) }
        if typeOfService != 0 { words.append(.pair("tos", hex(typeOfService))) }
        if let firewallMark {
            let mask = firewallMask ?? .max
            // Without its mask, the kernel takes a mark of 0 for none at all.
            let isMaskSaid = mask != .max || firewallMark == 0
            words.append(
                .pair("fwmark", hex(firewallMark) + (isMaskSaid ? "/" + hex(mask) : "")))
        }
        if let incomingInterface { words.append(.pair("iif", incomingInterface)) }
        if let outgoingInterface { words.append(.pair("oif", outgoingInterface)) }
        words += otherSelectors.map(\.word)
        if !otherSelectors.contains(where: \.isTarget) {
            words.append(
                action == .lookup
                    ? .pair("lookup", RouteTable.name(table)) : .value("action", action.description)
            )
        }
        if let suppressPrefixLength {
            words.append(.pair("suppress_prefixlength", "\(suppressPrefixLength)"))
        }
        if let suppressInterfaceGroup {
            words.append(.pair("suppress_ifgroup", "\(suppressInterfaceGroup)"))
        }
        // Before Linux 4.17, and where nobody says, a rule has no mark.
        words.append(
            .pair(
                "protocol", `protocol`.description,
                `protocol` == .unspecified ? .assumed : .detail))
        return words
    }
}

extension IPPrefix {
    /// As iproute2 writes a rule's selector: a host without its length.
    fileprivate var ruleText: String { isHost ? address.description : description }
}

extension Rule.OtherSelector {
    fileprivate var word: Word {
        switch self {
        case .l3mdev: .flag("l3mdev")
        case .users(let first, let last): .pair("uidrange", "\(first)-\(last)")
        case .ipProtocol(let number): .pair("ipproto", ipProtocolName(number))
        case .sourcePorts(let first, let last): .pair("sport", Self.ports(first, last))
        case .destinationPorts(let first, let last): .pair("dport", Self.ports(first, last))
        case .target(let priority): .pair("goto", "\(priority)")
        }
    }

    /// Where the rule leads, in place of a table.
    fileprivate var isTarget: Bool {
        switch self {
        case .l3mdev, .target: true
        case .users, .ipProtocol, .sourcePorts, .destinationPorts: false
        }
    }

    private static func ports(_ first: UInt16, _ last: UInt16) -> String {
        first == last ? "\(first)" : "\(first)-\(last)"
    }
}

/// `tcp`, …, or the number.
package func ipProtocolName(_ number: UInt8) -> String {
    switch number {
    case 1: "icmp"
    case 6: "tcp"
    case 17: "udp"
    case 58: "ipv6-icmp"
    case 132: "sctp"
    default: "\(number)"
    }
}
