/// One thing a person should know about a file, or about what the kernel holds.
public struct Diagnostic: Hashable, Sendable {
    public enum Severity: String, Sendable {
        case error
        case warning
    }

    public var severity: Severity
    public var location: SourceLocation?
    /// The keys that lead to the place: `Interfaces[1].Routes[0].Gateway`; empty at the top.
    public var keyPath: String
    /// One sentence without a final stop; a cure may follow after `;` or a line break.
    public var message: String

    public init(
        _ severity: Severity, at location: SourceLocation? = nil, keyPath: String = "",
        _ message: String
    ) {
        self.severity = severity
        self.location = location
        self.keyPath = keyPath
        self.message = message
    }
}
