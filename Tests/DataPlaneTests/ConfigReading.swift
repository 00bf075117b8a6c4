import DataPlane
import Plist

/// `Testing` has a type of this name as well.
typealias SourceLocation = Plist.SourceLocation

extension ConfigReader {
    /// The main file first, then drop-ins.
    static func read(
        _ sources: [SourceText], discovered: SourceText? = nil
    ) throws(ConfigError) -> (config: Config, warnings: [Diagnostic]) {
        var files = ConfigFiles(mainPath: sources.first?.file ?? "main", main: sources.first)
        files.dropIns = Array(sources.dropFirst())
        files.discovery = discovered.map {
            ConfigFiles.DiscoveredFile(
                path: $0.file,
                location: sources.first.map { SourceLocation(file: $0.file, line: 1, column: 1) },
                source: $0)
        }
        return try read(files)
    }
}

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
