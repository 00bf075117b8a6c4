import Netlink

/// What becomes of the instance's own NIC.
public enum PrimaryPolicy: String, Sendable, CaseIterable {
    /// DHCP keeps its address; the others are added beside the lease.
    case keep
    /// It is configured like the others.
    case manage
}

extension DiscoveredInstance {
    /// The file that rtsetup reads, the same to the byte for the same metadata.
    ///
    /// Values come out of parsed addresses; the metadata's own words stand only in comments.
    public func text(primary: PrimaryPolicy, previous: PreviousDiscovery) -> String {
        let tables = previous.tables(for: self)
        var text = "// Written by rtdiscover from the metadata of \(provider); edits are lost.\n"
        if let id { text += "// instance \(Remarks.comment(id))\n" }
        if !publicAddresses.isEmpty {
            let list = publicAddresses.joined(separator: " ")
            text += "// public \(Remarks.comment(list))\n"
        }
        text += "{\n    Version = 1;\n    Interfaces = (\n"
        text += interfaces.map { interface in
            interface.text(
                isKept: interface.isPrimary && primary == .keep, table: tables[interface.mac],
                preferredIPv6: previous.preferredIPv6[interface.mac])
        }.joined(separator: ",\n")
        return text + "\n    );\n}\n"
    }
}

extension DiscoveredInterface {
    fileprivate func text(isKept: Bool, table: UInt32?, preferredIPv6: IPAddress?) -> String {
        var lines = remarks.map { "// \($0.name) \(Remarks.comment($0.text))" }
        lines.append("MACAddress = \"\(mac)\";")
        if isPrimary { lines.append("Primary = YES;") }
        if isKept { lines.append("Addressing = external;") }
        let written = addresses(isKept: isKept, preferredIPv6: preferredIPv6)
        if !written.isEmpty {
            let words = written.map { "\"\($0.address)/\($0.prefixLength)\"" }
            lines.append("Addresses = \(Self.array(words));")
        }
        let literals = gateways.filter { family, _ in
            !addresses(family).isEmpty && !(isKept && family == .ipv4)
        }
        if let gateway = gatewayText(literals, isKept: isKept) {
            lines.append("Gateway = \(gateway);")
        }
        // With what length the lease holds its address is DHCP's affair: often /128.
        if literals.contains(where: { isKept || !isOnSubnet($1) }) {
            lines.append("GatewayOnLink = YES;")
        }
        if let table { lines.append("Table = \(table);") }
        let indentation = "            "
        return "        {\n" + lines.map { "\(indentation)\($0)\n" }.joined() + "        }"
    }

    /// The lease is DHCP's: the others stand beside it.
    private func addresses(isKept: Bool, preferredIPv6: IPAddress?) -> [Address] {
        let ipv6 = addresses(.ipv6)
        return addresses(.ipv4).dropFirst(isKept ? 1 : 0)
            + ipv6.filter { $0.address == preferredIPv6 }
            + ipv6.filter { $0.address != preferredIPv6 }
    }

    /// `auto` where the router says it: never a guess.
    private func gatewayText(_ literals: [AddressFamily: IPAddress], isKept: Bool) -> String? {
        var words = AddressFamily.allCases.compactMap { literals[$0].map { "\"\($0)\"" } }
        let isAnyOpen = AddressFamily.allCases.contains {
            !addresses($0).isEmpty && literals[$0] == nil
        }
        if isKept && words.isEmpty { return nil }
        if isAnyOpen || isKept && words.count < AddressFamily.allCases.count {
            words.append("auto")
        }
        return words.count > 1 ? "( \(words.joined(separator: ", ")) )" : words.first
    }

    /// Whether a subnet of the ENI reaches the gateway.
    private func isOnSubnet(_ gateway: IPAddress) -> Bool {
        gateway.family == .ipv6 && gateway.isLinkLocal
            || addresses.contains { $0.subnet.contains(gateway) && $0.prefixLength < $0.width }
    }

    /// One a line where there are several.
    private static func array(_ words: [String]) -> String {
        guard words.count > 3 else { return "( \(words.joined(separator: ", ")) )" }
        let lines = words.map { "                \($0)" }.joined(separator: ",\n")
        return "(\n\(lines)\n            )"
    }
}

extension DiscoveredInterface.Address {
    fileprivate var width: UInt8 { address.family.bitWidth }
}
