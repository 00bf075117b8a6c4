import DataPlane
import Plist

/// `Testing` has a type of this name as well.
typealias SourceLocation = Plist.SourceLocation

/// Reads files named `main`, `10`, `20` … of these texts.
func readConfig(
    _ main: String, dropIns: String...
) throws(ConfigError) -> (config: Config, warnings: [Diagnostic]) {
    try ConfigReader.read(
        [SourceText(file: "main", text: main)]
            + dropIns.enumerated().map {
                SourceText(file: "\($0.offset + 1)0", text: $0.element)
            })
}

/// What is wrong with a file, without places.
func configProblems(_ main: String, dropIns: String...) -> [String] {
    do {
        let sources = [main] + dropIns
        _ = try ConfigReader.read(
            sources.enumerated().map { SourceText(file: "\($0.offset)", text: $0.element) })
        return []
    } catch {
        return error.diagnostics.map(\.message)
    }
}

/// A file with these interfaces.
func configText(_ entries: String..., rest: String = "") -> String {
    "{ Version = 1; Interfaces = ( \(entries.joined(separator: ",\n")) ); \(rest) }"
}
