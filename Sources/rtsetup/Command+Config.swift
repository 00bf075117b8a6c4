import DataPlane
import Plist

extension Command {
    /// Reads the files; warnings are told at once.
    ///
    /// - Returns: the configuration, and the warnings for JSON.
    func readConfig(
        _ path: String, trust: ConfigFiles.Trust, _ report: inout Report
    ) throws(Failure) -> (config: Config, warnings: [Diagnostic]) {
        let files: ConfigFiles
        do throws(ConfigFilesError) {
            files = try ConfigFiles.load(main: path, trust: trust)
        } catch { throw Failure(error) }
        report.sources = files.sources
        do throws(ConfigError) {
            let (config, warnings) = try ConfigReader.read(files)
            return (config, files.warnings + warnings)
        } catch { throw Failure(.badFile, files.warnings + error.diagnostics) }
    }

    /// The files of `--config`.
    func readConfig(
        trust: ConfigFiles.Trust, _ report: inout Report
    ) throws(Failure) -> (config: Config, warnings: [Diagnostic]) {
        try readConfig(options.config, trust: trust, &report)
    }
}
