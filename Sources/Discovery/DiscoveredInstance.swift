/// What an instance's metadata says about its NICs, whatever the cloud.
public struct DiscoveredInstance: Hashable, Sendable {
    /// The provider's name.
    public var provider: String
    public var id: String?
    /// Public addresses that the cloud tells of the instance as a whole.
    public var publicAddresses: [String]
    /// The primary first, then by MAC.
    public private(set) var interfaces: [DiscoveredInterface]

    public init(
        provider: String, id: String?, publicAddresses: [String] = [],
        interfaces: [DiscoveredInterface]
    ) {
        self.provider = provider
        self.id = id
        self.publicAddresses = publicAddresses
        self.interfaces = interfaces.sorted {
            $0.isPrimary == $1.isPrimary ? $0.mac < $1.mac : $0.isPrimary
        }
    }
}
