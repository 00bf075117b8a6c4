public import Netlink

/// Where floating addresses are held and which MAC addresses have changed: failover as state.
public struct Bindings: Hashable, Sendable {
    /// An entry of `Interfaces`: by the MAC address that the file gives it, else by its name.
    public enum Entry: Hashable, Sendable {
        case mac(MACAddress)
        case name(String)
    }

    public enum Place: Hashable, Sendable {
        case interface(Entry)
        /// Not on this host.
        case released
    }

    public var places: [IPAddress: Place] = [:]
    /// The MAC address that an entry has now.
    public var replacements: [Entry: MACAddress] = [:]

    public init() {}
}

extension Bindings.Entry: CustomStringConvertible {
    public var description: String {
        switch self {
        case .mac(let mac): "\(mac)"
        case .name(let name): name
        }
    }
}

extension InterfaceConfig {
    /// How bindings name this entry; nil for one that the reader has refused.
    var bindingEntry: Bindings.Entry? {
        mac.map { .mac($0.value) } ?? name.map { .name($0.value) }
    }
}

/// The bindings that are in force: those that are kept, and `--runtime` ones over them.
public struct StandingBindings: Hashable, Sendable {
    /// `LIB-DIR/bindings.plist`.
    public var kept = Bindings()
    /// Gone with the boot.
    public var runtime = Bindings()

    public init(kept: Bindings = Bindings(), runtime: Bindings = Bindings()) {
        self.kept = kept
        self.runtime = runtime
    }

    func place(of address: IPAddress) -> Bindings.Place? {
        runtime.places[address] ?? kept.places[address]
    }

    func replacement(of entry: Bindings.Entry) -> MACAddress? {
        runtime.replacements[entry] ?? kept.replacements[entry]
    }

    var addresses: Set<IPAddress> { Set(kept.places.keys).union(runtime.places.keys) }

    var replacedEntries: Set<Bindings.Entry> {
        Set(kept.replacements.keys).union(runtime.replacements.keys)
    }

    /// What says the same as what stands below it is not written down: an address that comes home
    /// is the file's again.
    ///
    /// - Parameter home: where the file has it.
    mutating func set(
        _ address: IPAddress, to place: Bindings.Place?, home: Bindings.Place?, isRuntime: Bool
    ) {
        if isRuntime {
            runtime.places[address] = place == kept.places[address] ?? home ? nil : place
        } else {
            kept.places[address] = place == home ? nil : place
            runtime.places[address] = nil
        }
    }

    mutating func replace(
        _ entry: Bindings.Entry, with mac: MACAddress, home: MACAddress?, isRuntime: Bool
    ) {
        if isRuntime {
            runtime.replacements[entry] = mac == kept.replacements[entry] ?? home ? nil : mac
        } else {
            kept.replacements[entry] = mac == home ? nil : mac
            runtime.replacements[entry] = nil
        }
    }
}
