import Netlink
import Plist

extension Route {
    /// Every field, so that a route taken from its owner comes back as it was.
    var plistValue: PlistValue {
        var entries: [PlistValue.Entry] = [
            .init("Destination", .string("\(destination)")),
            .init("Table", .integer(table)),
            .init("Type", .integer(type.rawValue)),
            .init("Scope", .integer(scope.rawValue)),
            .init("Protocol", .integer(self.protocol.rawValue)),
            .init("Metric", .integer(metric)),
            .init("TypeOfService", .integer(typeOfService)),
            .init("Flags", .integer(flags)),
            .init("NextHops", .array(nextHops.map(\.plistValue))),
            .init("Attributes", .array(otherAttributes.map(\.plistValue))),
        ]
        if let preferredSource {
            entries.append(.init("PreferredSource", .string("\(preferredSource)")))
        }
        if let mtu { entries.append(.init("MTU", .integer(mtu))) }
        return .dictionary(entries)
    }

    init(_ value: PlistValue) throws(Damage) {
        self.init(
            destination: try value.required("Destination") { $0.string.flatMap { IPPrefix($0) } },
            table: try value.required("Table") { $0.number() },
            type: RouteType(rawValue: try value.required("Type") { $0.number() }),
            scope: RouteScope(rawValue: try value.required("Scope") { $0.number() }),
            protocol: RouteProtocol(rawValue: try value.required("Protocol") { $0.number() }),
            metric: try value.required("Metric") { $0.number() },
            preferredSource: try value.optional("PreferredSource", \.address),
            nextHops: try value.elements("NextHops", NextHop.init),
            mtu: try value.optional("MTU") { $0.number() },
            typeOfService: try value.required("TypeOfService") { $0.number() },
            flags: try value.required("Flags") { $0.number() },
            otherAttributes: try value.elements("Attributes", RawAttribute.init))
    }
}

extension PlistValue {
    fileprivate var address: IPAddress? { string.flatMap { IPAddress($0) } }
}

extension NextHop {
    fileprivate var plistValue: PlistValue {
        var entries: [PlistValue.Entry] = [
            .init("Weight", .integer(weight)), .init("OnLink", .boolean(isOnLink)),
            .init("Attributes", .array(otherAttributes.map(\.plistValue))),
        ]
        if let interface { entries.append(.init("Interface", .integer(interface))) }
        if let gateway { entries.append(.init("Gateway", .string("\(gateway)"))) }
        return .dictionary(entries)
    }

    fileprivate init(_ value: PlistValue) throws(Damage) {
        self.init(
            interface: try value.optional("Interface") { $0.number() },
            gateway: try value.optional("Gateway", \.address),
            weight: try value.required("Weight") { $0.number() },
            isOnLink: try value.required("OnLink", \.boolean),
            otherAttributes: try value.elements("Attributes", RawAttribute.init))
    }
}

extension RawAttribute {
    /// `"8": "08000200dc050000"`, the payload in hexadecimal.
    fileprivate var plistValue: PlistValue {
        let digits = payload.map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return .dictionary([
            .init("Type", .integer(type)), .init("Payload", .string(digits.joined())),
        ])
    }

    fileprivate init(_ value: PlistValue) throws(Damage) {
        let text = try value.required("Payload", \.string)
        let digits = text.compactMap(\.hexDigitValue)
        guard digits.count == text.count, digits.count.isMultiple(of: 2) else { throw Damage() }
        let payload = stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
        self.init(type: try value.required("Type") { $0.number() }, payload: payload)
    }
}
