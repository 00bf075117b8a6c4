import Netlink
import Plist

/// What the last file decided, and the next one keeps.
public struct PreviousDiscovery: Sendable {
    /// The route tables that ENIs have.
    var tables: [MACAddress: UInt32] = [:]
    /// The first IPv6 address of each: new connections leave from it.
    var preferredIPv6: [MACAddress: IPAddress] = [:]

    /// Nothing was there.
    public init() {}

    /// As much as can be read of a file that we wrote, and others may have touched.
    public init(_ bytes: [UInt8]) {
        let root = PlistReader.read(SourceText(file: "", bytes: bytes)).root?.value
        guard case .array(let interfaces) = root?["Interfaces"] else { return }
        for interface in interfaces {
            guard case .string(let text) = interface["MACAddress"], let mac = MACAddress(text)
            else { continue }
            if case .string(let text) = interface["Table"], let table = UInt32(text), table > 0,
                !(253...255).contains(table)
            {
                tables[mac] = table
            }
            guard case .array(let addresses) = interface["Addresses"] else { continue }
            preferredIPv6[mac] = addresses.lazy.compactMap { value -> IPAddress? in
                guard case .string(let text) = value else { return nil }
                return IPPrefix.parse(text)?.address
            }.first { $0.family == .ipv6 }
        }
    }

    /// The primary's is 1000. An ENI keeps its number; a new one gets the smallest free from 1001.
    func tables(for instance: DiscoveredInstance) -> [MACAddress: UInt32] {
        var numbers: [MACAddress: UInt32] = [:]
        var taken: Set<UInt32> = [1000]
        for interface in instance.interfaces {
            if interface.isPrimary {
                numbers[interface.mac] = 1000
            } else if let table = tables[interface.mac], taken.insert(table).inserted {
                numbers[interface.mac] = table
            }
        }
        for mac in instance.interfaces.map(\.mac) where numbers[mac] == nil {
            guard let table = (1001...).first(where: { !taken.contains($0) }) else { continue }
            taken.insert(table)
            numbers[mac] = table
        }
        return numbers
    }
}

extension PlistValue {
    fileprivate subscript(key: String) -> PlistValue? {
        guard case .dictionary(let entries) = self else { return nil }
        return entries.first { $0.key == key }?.value
    }
}
