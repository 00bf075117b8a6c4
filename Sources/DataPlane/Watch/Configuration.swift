public import Plist

/// The configuration that `watch` keeps in force, as its files said when they were good.
struct Configuration {
    var config: Config
    var sources: [SourceText]
    var warnings: [Diagnostic]
    /// A whole run has put them in force.
    var isApplied = false

    /// Reads the main file and its drop-ins as `apply` does.
    static func read(_ path: String) throws(ConfigurationFailure) -> Configuration {
        let files: ConfigFiles
        do throws(ConfigFilesError) {
            files = try ConfigFiles.load(main: path, trust: .required)
        } catch { throw .files(error) }
        do throws(ConfigError) {
            let (config, warnings) = try ConfigReader.read(files)
            return Configuration(
                config: config, sources: files.sources, warnings: files.warnings + warnings)
        } catch {
            throw .wrong(files.warnings + error.diagnostics, files.sources)
        }
    }
}

/// Why files were not read.
public enum ConfigurationFailure: Error {
    case files(ConfigFilesError)
    /// Every problem, and what it is about.
    case wrong([Diagnostic], [SourceText])

    /// With source lines and carets.
    var text: String {
        switch self {
        case .files(let error): "\(error)"
        case .wrong(let diagnostics, let sources):
            diagnostics.map(DiagnosticRenderer(sources).text).joined(separator: "\n")
        }
    }
}
