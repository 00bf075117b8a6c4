package import Netlink

extension InterfaceAddress {
    /// As in `ip address show`; its interface is the heading's.
    var words: [Word] {
        var words: [Word] = []
        words.reserveCapacity(10)
        if let peer {
            words += [
                .value("local", "\(address)"),
                .pair("peer", peer.description(length: prefixLength)),
            ]
        } else {
            words.append(.value("local", address.description(length: prefixLength)))
        }
        words.append(.pair("metric", String(metric), metric == 0 ? .assumed : .detail))
        if let broadcast { words.append(.pair("brd", "\(broadcast)", .detail)) }
        words.append(.pair("scope", scope.description, scope == .global ? .assumed : .detail))
        words.append(.pair("proto", String(`protocol`), `protocol` == 0 ? .assumed : .detail))
        for (flag, name) in AddressFlags.settable where flags.contains(flag) {
            words.append(.flag(name, .detail))
        }
        if let label { words.append(.pair("label", label.description, .detail)) }
        words.append(lifetime("valid_lft", validLifetime))
        words.append(lifetime("preferred_lft", preferredLifetime))
        return words
    }

    /// 0 is said because such an address is never chosen as a source; others run down by themselves.
    private func lifetime(_ key: String, _ seconds: UInt32) -> Word {
        switch seconds {
        case Self.forever: .pair(key, "forever", .assumed)
        case 0: .pair(key, "0")
        default: .pair(key, "\(seconds)", .detail)
        }
    }
}

extension AddressFlags {
    /// What `ip address add` takes, in its order.
    static let settable: [(flag: AddressFlags, name: String)] = [
        (.noDAD, "nodad"), (.noPrefixRoute, "noprefixroute"),
    ]

    /// What `ip address show` says, in its order.
    package static let shown: [(flag: AddressFlags, name: String)] = [
        (.noDAD, "nodad"), (.dadFailed, "dadfailed"), (.deprecated, "deprecated"),
        (.tentative, "tentative"), (.noPrefixRoute, "noprefixroute"),
    ]
}
