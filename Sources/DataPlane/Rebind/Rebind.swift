public import Netlink
import Plist

/// What a caller of `rebind` wants. It changes the bindings, and the pipeline does the rest.
public struct Rebind: Hashable, Sendable {
    public enum Action: Hashable, Sendable {
        /// To the interface with this name, altname or MAC address.
        case bind([IPAddress], to: String)
        case release([IPAddress])
        case replace(MACAddress, with: MACAddress)
    }

    public var action: Action
    /// The bindings are gone with the boot.
    public var isRuntime: Bool
    /// Also what is not `Floating`, and to an interface without a carrier.
    public var isForced: Bool

    public init(_ action: Action, isRuntime: Bool = false, isForced: Bool = false) {
        self.action = action
        self.isRuntime = isRuntime
        self.isForced = isForced
    }
}

/// A rebind seen with the links of this host.
struct ResolvedRebind: Sendable {
    var bindings: StandingBindings
    /// The link that takes the addresses; nil: none does.
    private(set) var target: Link?
    /// What moves.
    private(set) var addresses: [IPAddress] = []
    /// Why not (69).
    private(set) var refusals: [Diagnostic] = []

    private let rebind: Rebind
    let config: Config
    private let links: [Link]
    /// The entry that means another link than before.
    private(set) var arriving: Int?

    /// - Parameter config: as the files have it.
    init(_ rebind: Rebind, config: Config, bindings: StandingBindings, links: [Link]) {
        self.rebind = rebind
        self.config = config
        self.bindings = bindings
        self.links = links
        switch rebind.action {
        case .bind(let addresses, let interface): bind(addresses, to: interface)
        case .release(let addresses): release(addresses)
        case .replace(let old, let new): replace(old, with: new)
        }
    }

    private mutating func refuse(_ message: String, at location: SourceLocation? = nil) {
        refusals.append(Diagnostic(.error, at: location, message))
    }

    private mutating func bind(_ addresses: [IPAddress], to interface: String) {
        guard let entry = findTarget(interface) else { return }
        for address in addresses {
            guard let (listed, home) = movable(address) else { continue }
            if let problem = config.interfaces[entry.index].problem(with: address) {
                refuse(problem, at: listed.location)
            }
            bindings.set(
                address, to: .interface(entry.key),
                home: home.isInitiallyReleased ? .released : home.entry.map { .interface($0) },
                isRuntime: rebind.isRuntime)
            self.addresses.append(address)
        }
    }

    private mutating func release(_ addresses: [IPAddress]) {
        for address in addresses {
            if bindings.place(of: address) != nil, find(address) == nil {
                // No file has it any more: forget it.
                bindings.kept.places[address] = nil
                bindings.runtime.places[address] = nil
                continue
            }
            guard let (_, home) = movable(address) else { continue }
            bindings.set(
                address, to: .released,
                home: home.isInitiallyReleased ? .released : home.entry.map { .interface($0) },
                isRuntime: rebind.isRuntime)
            self.addresses.append(address)
        }
    }

    // MARK: Addresses

    var isReplacement: Bool {
        if case .replace = rebind.action { true } else { false }
    }

    private struct Home {
        var entry: Bindings.Entry?
        var isInitiallyReleased: Bool
    }

    private func find(_ address: IPAddress) -> (AddressConfig, InterfaceConfig)? {
        for interface in config.interfaces {
            if let found = interface.addresses.first(where: { $0.address == address }) {
                return (found, interface)
            }
        }
        return nil
    }

    /// nil after a refusal.
    private mutating func movable(_ address: IPAddress) -> (AddressConfig, Home)? {
        guard let (listed, interface) = find(address) else {
            refuse("no file has the address \(address)")
            return nil
        }
        guard interface.isManaged else {
            refuse(
                "\(address) is on \(interface.label), which is Managed = NO", at: listed.location)
            return nil
        }
        guard listed.isFloating || rebind.isForced else {
            refuse(
                "\(address) is not Floating; write { Address = \"\(address)/"
                    + "\(listed.prefixLength)\"; Floating = YES; }, or move it with --force",
                at: listed.location)
            return nil
        }
        return (
            listed,
            Home(
                entry: interface.bindingEntry, isInitiallyReleased: listed.isInitiallyReleased)
        )
    }

    // MARK: Interfaces

    /// The entry and its index; nil after a refusal.
    private mutating func findTarget(_ text: String) -> (index: Int, key: Bindings.Entry)? {
        let mac = MACAddress(text)
        let found = links.filter { link in
            mac.map { link.identifyingMAC == $0 } ?? link.answers(to: text)
        }
        guard let link = found.first(where: { $0.master == nil }) ?? found.first else {
            let isListed = bound.interfaces.contains {
                $0.name?.value == text || mac != nil && $0.mac?.value == mac
            }
            refuse(
                isListed
                    ? "\(text) is in the file, but not on this host"
                    : "no interface \(text) on this host")
            return nil
        }
        guard let (index, entry) = entry(of: link), let key = entry.bindingEntry else {
            // The reader takes no entry for lo.
            let cure = "; add an entry for it, such as { Name = \(link.name); }"
            refuse("\(link.name) is in no file" + (link.name == "lo" ? "" : cure))
            return nil
        }
        let location = entry.location
        if let refusal = entry.refusalOfAddresses {
            refuse("\(link.name) is \(refusal)", at: location)
            return nil
        }
        guard link.isUp else {
            refuse("\(link.name) is down; ip link set dev \(link.name) up")
            return nil
        }
        guard link.isRunning || rebind.isForced else {
            refuse("\(link.name) has no carrier; move there all the same with --force")
            return nil
        }
        target = link
        return (index, key)
    }

    private var bound: Config { config.bound(by: bindings) }

    /// The entry that means a link, with the file's own MAC address.
    private func entry(of link: Link) -> (Int, InterfaceConfig)? {
        var ignored = Host.Findings()
        let index = bound.interfaces.firstIndex {
            Host.link(of: $0, in: links, reporting: &ignored)?.index == link.index
        }
        return index.map { ($0, config.interfaces[$0]) }
    }

    private mutating func replace(_ old: MACAddress, with new: MACAddress) {
        let now = bound.interfaces
        let byMAC =
            now.firstIndex { $0.mac?.value == old }
            ?? config.interfaces.firstIndex { $0.mac?.value == old }
        let byLink = links.first { $0.identifyingMAC == old && $0.master == nil }.flatMap(entry)?.0
        guard let index = byMAC ?? byLink, let key = config.interfaces[index].bindingEntry else {
            forgetReplacement(by: old)
            return
        }
        let location = config.interfaces[index].location
        guard let link = links.first(where: { $0.identifyingMAC == new && $0.master == nil }) else {
            refuse("no interface with the MAC address \(new) on this host", at: location)
            return
        }
        let taker = entry(of: link)
        if let (other, taken) = taker, other != index {
            refuse("\(link.name) (\(new)) is the interface of another entry", at: taken.location)
            return
        }
        guard config.interfaces[index].isManaged else {
            refuse("\(config.interfaces[index].label) is Managed = NO", at: location)
            return
        }
        target = link
        if taker == nil { arriving = index }
        bindings.replace(
            key, with: new, home: config.interfaces[index].mac?.value,
            isRuntime: rebind.isRuntime)
    }

    private mutating func forgetReplacement(by mac: MACAddress) {
        let stale = bindings.replacedEntries.filter { bindings.replacement(of: $0) == mac }
        if stale.isEmpty { refuse("no entry of the files has the MAC address \(mac)") }
        for entry in stale {
            bindings.kept.replacements[entry] = nil
            bindings.runtime.replacements[entry] = nil
        }
    }
}
