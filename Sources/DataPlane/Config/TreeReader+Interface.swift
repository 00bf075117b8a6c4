import Netlink
import Plist

extension TreeReader {
    /// An entry of `Interfaces`, or `Defaults`.
    mutating func interface(
        _ node: PlistNode, _ what: String, isDefaults: Bool = false
    ) -> InterfaceDraft? {
        guard let entries = entries(of: node, what, InterfaceKey.self) else { return nil }
        var draft = InterfaceDraft(location: node.location)
        if node.isDamaged { draft.uncertain = Set(InterfaceKey.allCases) }
        for entry in entries {
            if isDefaults, entry.key.isNeverDefault {
                error("'\(entry.name)' cannot stand in Defaults", at: entry.keyLocation)
            } else if isDiscovered, !entry.key.canBeDiscovered {
                error("'\(entry.name)' cannot stand in a discovered file", at: entry.keyLocation)
            } else if !read(entry, into: &draft) {
                draft.uncertain.insert(entry.key)
            }
        }
        return draft
    }

    /// False where the value could not be read wholly.
    private mutating func read(
        _ entry: Entry<InterfaceKey>, into draft: inout InterfaceDraft
    ) -> Bool {
        let location = entry.value.location
        func located<Value>(_ value: Value?) -> Located<Value>? {
            value.map { Located($0, at: location) }
        }
        switch entry.key {
        case .name:
            draft.name = located(interfaceName(entry.value, "'Name'", isManaged: true))
            return draft.name != nil
        case .macAddress:
            draft.mac = located(macAddress(entry))
            return draft.mac != nil
        case .primary:
            draft.isPrimary = located(boolean(entry))
            return draft.isPrimary != nil
        case .managed:
            draft.isManaged = boolean(entry)
            return draft.isManaged != nil
        case .required:
            draft.isRequired = boolean(entry)
            return draft.isRequired != nil
        case .activationPolicy:
            draft.activationPolicy = choice(entry, ActivationPolicy.self)
            return draft.activationPolicy != nil
        case .addressing:
            draft.addressing = choice(entry, Addressing.self)
            return draft.addressing != nil
        case .addresses:
            let problems = errorCount
            draft.saysAddresses = true
            draft.addresses = addresses(entry.value)
            return errorCount == problems && !entry.value.isDamaged
        case .gateway:
            guard let gateways = gateways(entry) else { return false }
            draft.gateways = gateways
            return true
        case .gatewayOnLink:
            draft.gatewayOnLink = boolean(entry)
            return draft.gatewayOnLink != nil
        case .table:
            draft.table = located(tableNumber(entry))
            return draft.table != nil
        case .routeMetric:
            draft.routeMetric = located(routeMetric(entry))
            return draft.routeMetric != nil
        case .rulePriority:
            draft.rulePriority = located(number(entry, 19001...24999))
            return draft.rulePriority != nil
        case .ruleSource:
            draft.ruleSource = located(choice(entry, RuleSource.self))
            return draft.ruleSource != nil
        case .mainRoutes:
            draft.mainRoutes = choice(entry, MainRoutes.self)
            return draft.mainRoutes != nil
        case .failClosed:
            draft.failClosed = located(boolean(entry))
            return draft.failClosed != nil
        case .routes:
            let problems = errorCount
            draft.routes = routes(entry.value)
            return errorCount == problems && !entry.value.isDamaged
        case .mtu:
            draft.mtu = located(number(entry, 68...65535))
            return draft.mtu != nil
        case .ipv6:
            draft.ipv6 = located(choice(entry, IPv6Setting.self))
            return draft.ipv6 != nil
        case .reversePathFilter:
            draft.reversePathFilter = located(
                choice(
                    entry,
                    [
                        "off": ReversePathFilter.off, "no": .off, "loose": .loose,
                        "strict": .strict,
                    ]))
            return draft.reversePathFilter != nil
        case .arp:
            draft.arp = located(choice(entry, ARPSetting.self))
            return draft.arp != nil
        case .sysctl:
            let problems = errorCount
            draft.sysctls = interfaceSysctls(entry.value)
            return errorCount == problems && !entry.value.isDamaged
        case .queues:
            let problems = errorCount
            draft.queues = queues(entry.value, at: entry.keyLocation)
            return errorCount == problems && !entry.value.isDamaged
        }
    }

    /// The kernel's `dev_valid_name`, or an altname of up to 127 bytes.
    ///
    /// - Parameter isManaged: it is to be an ENI: `lo` and the sysctl folders' names are none.
    mutating func interfaceName(
        _ node: PlistNode, _ what: String, isManaged: Bool = false
    ) -> String? {
        guard let name = string(node, what) else { return nil }
        let limit = isManaged ? 127 : 15
        let problem: String? =
            if name.isEmpty || name == "." || name == ".." {
                "is not an interface's name"
            } else if name.utf8.count > limit {
                "is longer than \(limit) bytes"
            } else if name.unicodeScalars.contains(where: {
                $0 == "/" || $0.properties.isWhitespace || $0.properties.generalCategory == .control
            }) {
                "is not an interface's name: no '/', no blanks"
            } else if name.utf8.contains(UInt8(ascii: ":")) {
                "is not an interface's name; an alias's address belongs to the interface before ':'"
            } else if isManaged, ["lo", "all", "default"].contains(name) {
                "cannot be managed"
            } else {
                nil
            }
        guard let problem else { return name }
        error("\(Diagnostic.quote(name)) \(problem)", at: node.location)
        return nil
    }

    private mutating func macAddress(_ entry: Entry<InterfaceKey>) -> MACAddress? {
        guard let text = string(entry.value, "'MACAddress'") else { return nil }
        guard let mac = MACAddress(text) else {
            error(
                "\(Diagnostic.quote(text)) is not a MAC address such as 00:16:3e:12:e7:01",
                at: entry.value.location)
            return nil
        }
        // The lowest bit of the first byte marks a group.
        guard mac.bits >> 40 & 1 == 0, mac.bits != 0 else {
            error("\(mac) is not the MAC address of one NIC", at: entry.value.location)
            return nil
        }
        return mac
    }

    /// 253 to 255 are default, main and local.
    mutating func tableNumber<Key>(
        _ entry: Entry<Key>, or words: [String] = []
    ) -> UInt32? {
        guard let table = number(entry, 1...UInt32.max, or: words) else { return nil }
        guard (253...255).contains(table) else { return table }
        error(
            "table \(table) is the kernel's own; 253 to 255 are default, main and local",
            at: entry.value.location)
        return nil
    }

    private mutating func routeMetric(_ entry: Entry<InterfaceKey>) -> RouteMetric? {
        if case .string("none") = entry.value.content { return RouteMetric.none }
        return number(entry, 0...UInt32.max, or: ["none"]).map(RouteMetric.metric)
    }
}
