import Netlink

extension ImportedInterface {
    /// An address that comes without a prefix length.
    mutating func addClassful(_ address: IPAddress, _ origin: Origin) {
        let length = address.classfulLength
        notes.append(
            origin.note("no prefix length is given; /\(length) is what their tool takes: check it"))
        add(address, length, origin)
    }
}

extension ImportedHost {
    /// A default route of main through an interface.
    mutating func addDefault(
        via gateway: IPAddress, metric: UInt32?, isOnLink: Bool = false, _ interface: Int,
        _ origin: Origin
    ) {
        var route = ImportedRoute(destination: .default(gateway.family), origin: origin)
        route.hops = [ImportedRoute.Hop(gateway: gateway, isOnLink: isOnLink)]
        route.metric = metric
        route.interface = interface
        route.isBound = true
        routes.append(route)
    }

    /// The words behind `ip route add`.
    mutating func addRoute(
        _ words: [String], family: AddressFamily? = nil, interface: Int? = nil, _ origin: Origin
    ) {
        do throws(WordProblem) {
            let (route, ignored) = try RouteWords.read(
                words, family: family, tables: tables, origin: origin)
            add(route, ignored: ignored, interface: interface)
        } catch {
            note(origin.note("not carried over: \(error.reason)"), interface)
        }
    }

    mutating func add(_ route: ImportedRoute, ignored: [String], interface: Int?) {
        var route = route
        route.interface = interface
        routes.append(route)
        guard !ignored.isEmpty else { return }
        let words = ignored.joined(separator: ", ")
        note(route.origin.note("not carried over of it: \(words)"), interface)
    }

    /// The words behind `ip rule add`, perhaps with `-6` among them.
    mutating func addRule(
        _ words: some Sequence<String>, family: AddressFamily? = nil, interface: Int? = nil,
        _ origin: Origin
    ) {
        let isIPv6 = words.contains("-6")
        do throws(WordProblem) {
            rules.append(
                try RuleWords.read(
                    words.filter { $0 != "-6" && $0 != "-4" }, family: isIPv6 ? .ipv6 : family,
                    tables: tables, origin: origin))
        } catch {
            note(origin.note("not carried over: \(error.reason)"), interface)
        }
    }

    mutating func note(_ note: Note, _ interface: Int?) {
        if let interface {
            interfaces[interface].notes.append(note)
        } else {
            notes.append(note)
        }
    }
}
