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
        let (_, warnings) = try readConfig(path, trust: .advised, &report)
        if !options.quiet { report.explain(warnings) }
        if report.isJSON {
            report.print(
                .object([
                    "version": .integer(1),
                    "files": .array(report.sources.map { .string($0.file) }),
                    "warnings": .array(warnings.map(\.json)),
                ]))
        } else {
            report.say(report.sources.map { "\($0.file): valid\n" }.joined())
        }
        return .done
    }
}
