/// A cloud: where it serves metadata, and what its keys and formats mean.
public protocol Provider: Sendable {
    /// As `--provider` has it.
    var name: String { get }
    /// `http://HOST`.
    var endpoint: String { get }
    /// nil: there is none.
    var ipv6Endpoint: String? { get }
    /// nil: the service knows none.
    var tokenScheme: TokenScheme? { get }

    /// Whether the firmware says that this is one of its instances.
    func recognises(_ dmi: DMI) -> Bool

    /// One look at everything, not yet checked.
    func read(_ service: MetadataService) async throws(DiscoveryFailure) -> DiscoveredInstance
}

/// The clouds that are known.
public enum Providers {
    public static let all: [any Provider] = [AlibabaProvider(), TencentProvider(), AWSProvider()]

    public static func named(_ name: String) -> (any Provider)? { all.first { $0.name == name } }

    /// - Returns: nil where the firmware names none of them. Nothing is guessed, nothing is sent.
    public static func detected(_ dmi: DMI) -> (any Provider)? {
        all.first { $0.recognises(dmi) }
    }
}
