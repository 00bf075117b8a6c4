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

    init?(_ value: PlistValue) {
        guard let text = value["Destination"]?.string,
            let (address, length) = IPPrefix.parse(text),
            let table: UInt32 = value["Table"]?.number(),
            let type: UInt8 = value["Type"]?.number(),
            let scope: UInt8 = value["Scope"]?.number(),
            let mark: UInt8 = value["Protocol"]?.number(),
            let metric: UInt32 = value["Metric"]?.number(),
            let typeOfService: UInt8 = value["TypeOfService"]?.number(),
            let flags: UInt32 = value["Flags"]?.number()
        else { return nil }
        self.init(
            destination: IPPrefix(address, length: length), table: table,
            type: RouteType(rawValue: type), scope: RouteScope(rawValue: scope),
            protocol: RouteProtocol(rawValue: mark), metric: metric,
            preferredSource: value["PreferredSource"]?.string.flatMap { IPAddress($0) },
            nextHops: value["NextHops"]?.elements.compactMap(NextHop.init) ?? [],
            mtu: value["MTU"]?.number(), typeOfService: typeOfService, flags: flags,
            otherAttributes: value["Attributes"]?.elements.compactMap(RawAttribute.init) ?? [])
    }
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

    fileprivate init?(_ value: PlistValue) {
        guard let weight: UInt16 = value["Weight"]?.number() else { return nil }
        self.init(
            interface: value["Interface"]?.number(),
            gateway: value["Gateway"]?.string.flatMap { IPAddress($0) }, weight: weight,
            isOnLink: value["OnLink"]?.string == "YES",
            otherAttributes: value["Attributes"]?.elements.compactMap(RawAttribute.init) ?? [])
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

    fileprivate init?(_ value: PlistValue) {
        guard let type: UInt16 = value["Type"]?.number(), let text = value["Payload"]?.string
        else { return nil }
        let digits = text.compactMap(\.hexDigitValue)
        let payload = stride(from: 0, to: digits.count - 1, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
        self.init(type: type, payload: payload)
    }
}
