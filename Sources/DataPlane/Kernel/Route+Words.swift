package import Netlink

extension Route {
    /// As in `ip -d route show`, in its order, which is also one that `ip route add` takes.
    func words(names: InterfaceNames, under owner: InterfaceIndex?) -> [Word] {
        var words: [Word] = [
            .value("type", type.description, type == .unicast ? .assumed : .said),
            .value("destination", destination.routeText),
        ]
        if typeOfService != 0 { words.append(.pair("tos", hex(typeOfService))) }
        let hop = nextHops.count == 1 ? nextHops.first : nil
        if let hop { words += hop.words(names: names, under: owner, family: family) }
        words += [
            .pair("table", RouteTable.name(table), table == RouteTable.main ? .assumed : .said),
            .pair("proto", `protocol`.description, .detail),
            .pair("scope", scope.description, scopeWeight),
        ]
        if let preferredSource { words.append(.pair("src", "\(preferredSource)")) }
        words.append(.pair("metric", String(effectiveMetric), metricWeight))
        if hop?.isOnLink == true { words.append(.flag("onlink")) }
        words += metrics.map { .pair($0.key, $0.text) }
        if nextHops.count > 1 {
            let hops = nextHops.map { hop in
                (hop.words(names: names, under: nil, family: family)
                    + [.pair("weight", "\(hop.weight)")]
                    + (hop.isOnLink ? [.flag("onlink")] : [])).text
            }
            words.append(.pair("nexthop", hops.joined(separator: " nexthop ")))
        }
        return words
    }

    /// A delete without a metric takes any, so that IPv6's 1024 must be told.
    private var metricWeight: Word.Weight {
        switch (family, effectiveMetric) {
        case (.ipv4, 0): .assumed
        case (.ipv6, 1024): .detail
        default: .said
        }
    }

    /// `global` goes unsaid, but without a gateway iproute2 assumes `link` and must be told.
    private var scopeWeight: Word.Weight {
        if family == .ipv6 { return .assumed }
        if scope != .global { return .said }
        let isDirect = type == .unicast && nextHops.allSatisfy { $0.gateway == nil }
        return isDirect ? .detail : .assumed
    }
}

extension NamedMetric {
    /// iproute2 locks `rto_min` by itself, and takes no word for it, nor for what is on or off.
    private static let withoutLock = ["rto_min", "features", "quickack", "fastopen_no_cookie"]

    fileprivate var text: String {
        let text =
            switch value {
            case .number(let number): "\(number)"
            // Without a unit iproute2 takes the kernel's own parts.
            case .duration(let number, let parts):
                number.isMultiple(of: parts) ? "\(number / parts)ms" : "\(number)"
            case .features(let bits): bits == 1 ? "ecn" : hex(bits)
            case .name(let name): name
            }
        return isLocked && !Self.withoutLock.contains(key) ? "lock \(text)" : text
    }
}

extension NextHop {
    func words(
        names: InterfaceNames, under owner: InterfaceIndex?, family: AddressFamily
    ) -> [Word] {
        var words: [Word] = []
        if let gateway {
            let foreign = gateway.family == family ? "" : "\(gateway.family.iproute2Name) "
            words.append(.pair("via", "\(foreign)\(gateway)"))
        }
        if let interface {
            words.append(
                .pair("dev", names.name(of: interface), interface == owner ? .detail : .said))
        }
        return words
    }
}

extension IPPrefix {
    /// As iproute2 writes a destination: `default`, and a host without its length.
    package var routeText: String {
        if isDefault { return "default" }
        return isHost ? address.description : description
    }
}

/// `0x10`
package func hex(_ value: some BinaryInteger) -> String { "0x" + String(value, radix: 16) }
