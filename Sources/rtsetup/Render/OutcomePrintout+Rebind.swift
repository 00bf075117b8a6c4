import DataPlane
import Netlink

extension OutcomePrintout {
    /// `10.0.0.30 is bound to eth2.`
    func summary(of rebind: Rebind) -> String {
        outcome.floating.filter { rebind.names($0.address) }.map { address in
            let place = address.place.map { "bound to \($0)" } ?? "released"
            return
                "\(address.address) is \(place)\(address.isRuntime ? " until the next boot" : "").\n"
        }.joined()
    }

    /// As `apply`'s, with what is bound and announced.
    func json(of rebind: Rebind, announced count: Int) -> JSON {
        .object(
            members + [
                (
                    "bindings",
                    .array(
                        outcome.floating.filter { rebind.names($0.address) }.map(\.json))
                ),
                (
                    "announced",
                    .array(
                        outcome.announced.map { announcement in
                            .object([
                                "address": .string("\(announcement.address)"),
                                "interface": .string(names.name(of: announcement.interface)),
                                "mac": .string("\(announcement.mac)"),
                                "count": .number(count),
                            ])
                        })
                ),
            ])
    }
}

extension FloatingAddress {
    /// `10.0.0.30/24 bound here, home is eth1, until the next boot`
    var text: String {
        let state =
            place == nil ? "released" : isAtHome ? "bound here" : "bound here, home is \(home)"
        return "\(address)/\(prefixLength) \(state)" + (isRuntime ? ", until the next boot" : "")
    }

    var json: JSON {
        .object([
            "address": .string("\(address)"),
            "prefixlen": .number(prefixLength),
            "state": .string(place == nil ? "released" : "bound"),
            "interface": .optional(place),
            "home": .string(home),
            "runtime": .bool(isRuntime),
        ])
    }
}

extension Rebind {
    /// Whether the address is one that the caller named; a replaced interface names none.
    fileprivate func names(_ address: IPAddress) -> Bool {
        switch action {
        case .bind(let addresses, _), .release(let addresses): addresses.contains(address)
        case .replace: false
        }
    }
}
