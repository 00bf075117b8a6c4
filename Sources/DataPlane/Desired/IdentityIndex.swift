import Netlink

/// Where objects stand in a list, by identity.
///
/// Addresses, of which there are thousands, have a dictionary of their own: its keys are plain
/// memory.
struct IdentityIndex {
    private var addresses: [InterfaceAddress.Identity: Int] = [:]
    private var others: [KernelObject.Identity: Int] = [:]

    subscript(address: InterfaceAddress.Identity) -> Int? { addresses[address] }

    subscript(identity: KernelObject.Identity) -> Int? {
        if case .address(let address) = identity { addresses[address] } else { others[identity] }
    }

    mutating func reserveAddresses(_ count: Int) { addresses.reserveCapacity(count) }

    /// Whether the identity is new; one that is not keeps its place.
    mutating func insert(_ identity: KernelObject.Identity, at place: Int) -> Bool {
        if case .address(let address) = identity {
            addresses.insert(place, at: address)
        } else {
            others.insert(place, at: identity)
        }
    }
}

extension Dictionary {
    fileprivate mutating func insert(_ value: Value, at key: Key) -> Bool {
        guard let earlier = updateValue(value, forKey: key) else { return true }
        self[key] = earlier
        return false
    }
}
