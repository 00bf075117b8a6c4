public import Netlink
import Plist

/// An address that may move, and where it is meant to be.
public struct FloatingAddress: Hashable, Sendable {
    public var address: IPAddress
    public var prefixLength: UInt8
    /// Where the file has it, and where it is held; nil: released. The entries' labels, or the
    /// names of their links once those are known.
    public var home: String
    public var place: String?
    /// The binding is `--runtime`, gone with the boot.
    public var isRuntime: Bool
    /// In the order of `Config.interfaces`.
    var homeIndex: Int
    var placeIndex: Int?

    public var isAtHome: Bool { placeIndex == homeIndex }
    /// The entry under which status shows it.
    var index: Int { placeIndex ?? homeIndex }

    func named(by entries: [Host.Entry]) -> FloatingAddress {
        var address = self
        address.home = entries[homeIndex].link?.name ?? home
        address.place = placeIndex.flatMap { entries[$0].link?.name } ?? place
        return address
    }
}

extension Config {
    /// The files with bindings in force: addresses are with the interfaces that hold them, released
    /// ones are gone, replaced interfaces have their new MAC addresses.
    ///
    /// What a binding names and the files no longer have is passed over with a warning; what the
    /// files forbid is an error in `bindingDiagnostics`.
    ///
    /// - Parameter arriving: the entry that means another link than before.
    public func bound(by bindings: StandingBindings, arriving: Int? = nil) -> Config {
        let mayMove = interfaces.contains { $0.addresses.contains(where: \.isFloating) }
        guard mayMove || arriving != nil || bindings != StandingBindings() else { return self }
        var binder = Binder(self, bindings)
        arriving.map { _ = binder.replaced.insert($0) }
        binder.replaceMACs()
        binder.moveAddresses()
        binder.leaveOutRoutes()
        binder.warnOfStrangers()
        return binder.config
    }
}

private struct Binder {
    let original: Config
    let bindings: StandingBindings
    var config: Config
    private var indices: [Bindings.Entry: Int] = [:]
    /// Entries whose addresses another NIC may have a moment longer.
    var replaced: Set<Int> = []

    init(_ config: Config, _ bindings: StandingBindings) {
        original = config
        self.bindings = bindings
        self.config = config
        for (index, interface) in config.interfaces.enumerated() {
            if let entry = interface.bindingEntry { indices[entry] = index }
        }
    }

    mutating func replaceMACs() {
        for entry in bindings.replacedEntries {
            guard let mac = bindings.replacement(of: entry), let index = indices[entry] else {
                continue
            }
            replaced.insert(index)
            let location = config.interfaces[index].mac?.location
            config.interfaces[index].mac = Located(
                mac, at: location ?? config.interfaces[index].location)
        }
        guard !bindings.replacedEntries.isEmpty else { return }
        var owners: [MACAddress: InterfaceConfig] = [:]
        for interface in config.interfaces {
            guard let mac = interface.mac,
                let other = owners.updateValue(interface, forKey: mac.value)
            else { continue }
            report(
                .error, at: mac.location,
                "two entries have the MAC address \(mac.value), this and the one on "
                    + "\(other.location.place(from: mac.location)): a rebind gave it to one of them; "
                    + "give it back: rtsetup rebind --replace \(mac.value) --with OLD-MAC")
        }
    }

    mutating func moveAddresses() {
        for index in config.interfaces.indices { config.interfaces[index].addresses = [] }
        var moved: [(to: Int, AddressConfig)] = []
        for (index, interface) in original.interfaces.enumerated() {
            for address in interface.addresses {
                let binding = bindings.place(of: address.address)
                var target: Int? = address.isInitiallyReleased ? nil : index
                switch binding {
                case nil: break
                case .released: target = nil
                case .interface(let entry):
                    // To nowhere any more: as if there were no binding.
                    if refusal(by: entry) == nil { target = indices[entry] }
                }
                if !interface.isManaged { target = index }
                var address = address
                address.isInitiallyReleased = false
                let mayMove = address.isFloating || binding != nil
                if mayMove { note(address, home: index, place: target) }
                // As may another host.
                if address.address.family == .ipv6, mayMove || replaced.contains(index) {
                    address.noDAD = true
                }
                if target == index {
                    config.interfaces[index].addresses.append(address)
                } else if let target {
                    moved.append((target, address))
                }
            }
        }
        for (target, address) in moved { add(address, to: target) }
    }

    /// Why the files let no address be bound there.
    private func refusal(by entry: Bindings.Entry) -> String? {
        guard let index = indices[entry] else { return "no entry of the files is \(entry)" }
        return original.interfaces[index].refusalOfAddresses.map {
            "\(original.interfaces[index].label) is \($0)"
        }
    }

    private mutating func note(_ address: AddressConfig, home: Int, place: Int?) {
        config.floating.append(
            FloatingAddress(
                address: address.address, prefixLength: address.prefixLength,
                home: original.interfaces[home].label,
                place: place.map { original.interfaces[$0].label },
                isRuntime: bindings.runtime.places[address.address] != nil, homeIndex: home,
                placeIndex: place))
    }

    private mutating func add(_ address: AddressConfig, to target: Int) {
        if let problem = config.interfaces[target].problem(with: address.address) {
            report(.error, at: address.location, problem)
        }
        config.interfaces[target].addresses.append(address)
        if address.address.family == .ipv6, config.interfaces[target].ipv6 == .unchanged,
            config.interfaces[target].ipv6Location == nil,
            !config.interfaces[target].sysctls.contains(where: \.disablesIPv6OrNot)
        {
            config.interfaces[target].ipv6 = .enabled
        }
    }

    /// A route cannot have as its source what the host or its interface does not hold.
    mutating func leaveOutRoutes() {
        let floating = Set(config.floating.map(\.address))
        for index in config.interfaces.indices {
            let own = Set(config.interfaces[index].addresses.map(\.address))
            for route in config.interfaces[index].routes {
                guard let source = route.preferredSource, floating.contains(source),
                    !own.contains(source)
                else { continue }
                report(
                    .warning, at: route.location,
                    "its PreferredSource \(source) is not on \(config.interfaces[index].label) "
                        + "now, so this route is left out")
            }
            config.interfaces[index].routes.removeAll { route in
                route.preferredSource.map { floating.contains($0) && !own.contains($0) } ?? false
            }
        }
    }

    mutating func warnOfStrangers() {
        let known = Dictionary(
            original.interfaces.flatMap { interface in
                interface.addresses.map { ($0.address, interface) }
            }, uniquingKeysWith: { first, _ in first })
        for address in bindings.addresses.sorted() {
            guard let home = known[address] else {
                report(
                    .warning,
                    "the binding of \(address) is passed over: no file has this address; forget "
                        + "it: rtsetup rebind \(address) --release")
                continue
            }
            guard case .interface(let entry) = bindings.place(of: address),
                let refusal = refusal(by: entry)
            else { continue }
            report(
                .warning,
                "the binding of \(address) to \(entry) is passed over: \(refusal); forget it: "
                    + "rtsetup rebind \(address) --to \(home.label)")
        }
        for entry in bindings.replacedEntries.sorted(by: { "\($0)" < "\($1)" })
        where indices[entry] == nil {
            guard let mac = bindings.replacement(of: entry) else { continue }
            report(
                .warning,
                "the replacement of \(entry) by \(mac) is passed over: no entry of the files is "
                    + "\(entry); forget it: rtsetup rebind --replace \(mac) --with \(mac)")
        }
    }

    private mutating func report(
        _ severity: Diagnostic.Severity, at location: SourceLocation? = nil, _ message: String
    ) {
        config.bindingDiagnostics.append(Diagnostic(severity, at: location, message))
    }
}

extension InterfaceConfig {
    /// What keeps every address away from the interface.
    var refusalOfAddresses: String? {
        if !isManaged { return "Managed = NO" }
        return activationPolicy == .down ? "held down by its ActivationPolicy" : nil
    }

    /// Why the entry's own keys forbid an address that the file has elsewhere.
    func problem(with address: IPAddress) -> String? {
        guard address.family == .ipv6 else { return nil }
        if ipv6 == .disabled
            || ipv6Location == nil
                && sysctls.contains(where: { $0.disablesIPv6OrNot && $0.value != "0" })
        {
            return "\(label) cannot take \(address): IPv6 is disabled there"
        }
        if let mtu, mtu.value < 1280 {
            return "\(label) cannot take \(address): its MTU is \(mtu.value), and IPv6 needs 1280"
        }
        return nil
    }
}

extension InterfaceSysctlConfig {
    /// Whether it speaks for itself about `disable_ipv6`.
    fileprivate var disablesIPv6OrNot: Bool { family == "ipv6" && key == "disable_ipv6" }
}
