/// A place in a file that a person wrote.
public struct SourceLocation: Hashable, Sendable {
    /// The path as it was given, or `<stdin>`.
    public var file: String
    /// Counted from 1.
    public var line: Int
    /// Counted from 1, in Unicode scalars.
    public var column: Int

    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }
}

extension SourceLocation: CustomStringConvertible {
    /// `path:line:column`, as compilers write it.
    public var description: String { "\(file):\(line):\(column)" }
}
