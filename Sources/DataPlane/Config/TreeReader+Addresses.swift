import Netlink
import Plist

extension TreeReader {
    mutating func addresses(_ node: PlistNode) -> [AddressConfig] {
        (array(node, "'Addresses'") ?? []).compactMap { address($0) }
    }

    /// `"addr/len"` or a dictionary.
    private mutating func address(_ node: PlistNode) -> AddressConfig? {
        if case .string = node.content {
            return addressWithLength(node)
        }
        guard case .dictionary = node.content else {
            if !node.isDamaged {
                error("an entry of 'Addresses' must be a string or a dictionary", at: node.location)
            }
            return nil
        }
        guard !isDiscovered else {
            error("an entry of 'Addresses' is a string in a discovered file", at: node.location)
            return nil
        }
        guard let entries = entries(of: node, "an entry of 'Addresses'", AddressKey.self) else {
            return nil
        }
        var config: AddressConfig?
        var hasAddress = node.isDamaged
        for entry in entries where entry.key == .address {
            hasAddress = true
            config = addressWithLength(entry.value)
            config?.location = node.location
        }
        if !hasAddress { error("an entry of 'Addresses' needs an Address", at: node.location) }
        for entry in entries { read(entry, into: &config) }
        let initially = entries.first { $0.key == .initially }
        if let initially, !node.isDamaged, config != nil, config?.isFloating == false {
            error("'Initially' needs Floating = YES", at: initially.keyLocation)
        }
        return config
    }

    private mutating func read(_ entry: Entry<AddressKey>, into config: inout AddressConfig?) {
        switch entry.key {
        case .address: break
        case .noDAD:
            config?.noDAD = boolean(entry) ?? false
            if config?.noDAD == true, config?.address.family == .ipv4 {
                warn("'NoDAD' does nothing for an IPv4 address", at: entry.keyLocation)
            }
        case .floating: config?.isFloating = boolean(entry) ?? true
        case .initially:
            let isReleased = choice(entry, ["bound": false, "released": true])
            config?.isInitiallyReleased = isReleased ?? false
        }
    }

    /// An address that an interface can hold.
    private mutating func addressWithLength(_ node: PlistNode) -> AddressConfig? {
        guard let text = string(node, "an address") else { return nil }
        guard let (address, length) = IPPrefix.parse(text, lengthRequired: true) else {
            let reason =
                IPAddress(text) == nil
                ? "is not an address with a prefix length such as 10.0.0.20/24"
                : "has no prefix length; write '\(text)/LENGTH'"
            error("\(Diagnostic.quote(text)) \(reason)", at: node.location)
            return nil
        }
        if let problem = problem(with: address, length) {
            error("\(address)\(problem)", at: node.location)
            return nil
        }
        return AddressConfig(address: address, prefixLength: length, location: node.location)
    }

    private func problem(with address: IPAddress, _ length: UInt8) -> String? {
        if let problem = address.whyNotUnicast { return problem }
        let subnet = IPPrefix(address, length: length)
        if length == 0 { return "/0 would hold every address" }
        guard address.family == .ipv4, length < 31 else { return nil }
        let hostBits: UInt128 = (1 << UInt128(32 - length)) - 1
        switch address.bits & hostBits {
        case 0: return " is the network address of \(subnet)"
        case hostBits: return " is the broadcast address of \(subnet)"
        default: return nil
        }
    }

    // MARK: Gateway

    /// One string, or an array of them with one a family.
    mutating func gateways(_ entry: Entry<InterfaceKey>) -> [AddressFamily: GatewayConfig]? {
        guard case .array(let elements) = entry.value.content else {
            guard let choice = gateway(entry.value) else { return nil }
            return gateways([choice], at: [entry.value.location])
        }
        if elements.isEmpty, !entry.value.isDamaged {
            error("'Gateway' is empty; write none", at: entry.value.location)
        }
        let choices = elements.map { gateway($0) }
        guard !elements.isEmpty, !choices.contains(nil), !entry.value.isDamaged else { return nil }
        return gateways(choices.compactMap { $0 }, at: elements.map(\.location))
    }

    private mutating func gateways(
        _ choices: [GatewayConfig.Choice], at locations: [SourceLocation]
    ) -> [AddressFamily: GatewayConfig]? {
        var gateways: [AddressFamily: GatewayConfig] = [:]
        var wide: GatewayConfig?
        for (choice, location) in zip(choices, locations) {
            guard case .address(let address) = choice else {
                if wide != nil || choice == .none && choices.count > 1 {
                    error(
                        choice == .none ? "'none' stands alone" : "'auto' stands here twice",
                        at: location)
                    return nil
                }
                wide = GatewayConfig(choice, at: location)
                continue
            }
            if gateways[address.family] != nil {
                error("a second \(address.family) gateway; there is one a family", at: location)
                return nil
            }
            gateways[address.family] = GatewayConfig(choice, at: location)
        }
        if let wide {
            for family in AddressFamily.allCases where gateways[family] == nil {
                gateways[family] = wide
            }
        }
        return gateways
    }

    private mutating func gateway(_ node: PlistNode) -> GatewayConfig.Choice? {
        guard let text = string(node, "a gateway") else { return nil }
        switch text {
        case "auto": return .auto
        case "none": return GatewayConfig.Choice.none
        default: return gatewayAddress(text, node, orWords: ["auto", "none"]).map { .address($0) }
        }
    }

    mutating func gatewayAddress(
        _ text: String, _ node: PlistNode, orWords words: [String] = []
    ) -> IPAddress? {
        guard let address = IPAddress(text) else {
            let closest = Suggestion.closest(to: text, among: words)
            let cure =
                if let closest {
                    "; did you mean '\(closest)'?"
                } else if text.contains("/"), let (address, _) = IPPrefix.parse(text) {
                    "; did you mean '\(address)'?"
                } else {
                    words.isEmpty ? "" : "; Gateway is an address, auto or none"
                }
            error("\(Diagnostic.quote(text)) is not an address\(cure)", at: node.location)
            return nil
        }
        guard let problem = address.whyNotUnicast else { return address }
        error("\(address)\(problem)", at: node.location)
        return nil
    }
}

extension IPAddress {
    /// Why nobody can be reached at it or send from it.
    fileprivate var whyNotUnicast: String? {
        if isUnspecified { return " is no host's address" }
        if isLoopback { return " is a loopback address" }
        if isMulticast { return " is a multicast address" }
        if family == .ipv4, bits == 0xFFFF_FFFF { return " is the broadcast address" }
        return nil
    }
}
