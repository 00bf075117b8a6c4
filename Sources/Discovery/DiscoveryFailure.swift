/// Why there is no complete discovery. What was discovered before stands.
public struct DiscoveryFailure: Error, Hashable, Sendable {
    public enum Kind: Sendable {
        /// Nobody serves metadata here: exit 69.
        case noService
        /// The service did not answer as it should in the time that there was: exit 75.
        case unavailable
        /// What it serves is incomplete or contradicts itself: exit 75, and worth another look.
        case inconsistent
        /// What answers is no metadata service, or a hostile one: exit 75, without another try.
        case refused
    }

    public var kind: Kind
    public var message: String
    /// What the service asked for.
    public var retryAfter: Duration?

    public init(_ kind: Kind, _ message: String, retryAfter: Duration? = nil) {
        self.kind = kind
        self.message = message
        self.retryAfter = retryAfter
    }

    static func inconsistent(_ message: String) -> DiscoveryFailure {
        .init(.inconsistent, message)
    }
    static func refused(_ message: String) -> DiscoveryFailure { .init(.refused, message) }
}
