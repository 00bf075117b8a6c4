public import Plist

/// The files are wrong: exit 65.
public struct ConfigError: Error, Hashable, Sendable {
    /// Every problem, warnings too, in the order of the files.
    public var diagnostics: [Diagnostic]

    public init(diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }
}
