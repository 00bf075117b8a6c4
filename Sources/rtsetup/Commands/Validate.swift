import ArgumentParser
import DataPlane
import Plist

struct Validate: Command {
    static let configuration = CommandConfiguration(
        subcommand: "validate",
        abstract: "Check the file alone: no privilege, no kernel.")

    @Argument(help: "The file, or - for standard input; else that of --config.")
    var file: String?

    @OptionGroup var options: GlobalOptions

    func execute(_ report: inout Report) throws(Failure) -> ExitStatus {
        let path = file ?? options.config
        let (config, problems) = try readConfig(path, trust: .advised, &report)
        let warnings = problems + config.notBuiltYet.map { $0.asWarning }
        if !options.quiet { report.explain(warnings) }
        if report.isJSON {
            report.print(
                .object([
                    "version": .integer(1),
                    "files": .array(config.files.map { .string($0) }),
                    "warnings": .array(warnings.map(\.json)),
                ]))
        } else {
            report.say(config.files.map { "\($0): valid\n" }.joined())
        }
        return .done
    }
}

extension Diagnostic {
    /// What stops a plan does not make the file wrong.
    fileprivate var asWarning: Diagnostic {
        var warning = self
        warning.severity = .warning
        return warning
    }
}
