import ArgumentParser
import DataPlane

struct QueuesApply: Command {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Make channels and steering agree with the file, and nothing else.")

    @Flag(help: "Print the plan instead.")
    var dryRun = false

    @OptionGroup var options: GlobalOptions

    func execute(_ report: inout Report) throws(Failure) -> ExitStatus {
        let (config, warnings) = try readConfig(trust: .required, &report)
        if dryRun {
            var preview = try preview(.queues(config), .init())
            preview.warnings = warnings + preview.warnings
            try report.show(preview)
            return .done
        }
        var outcome = try carryOut(.queues(config), .init())
        outcome.warnings = warnings + outcome.warnings
        return report.show(outcome)
    }
}
