import ArgumentParser
import DataPlane

struct Apply: Command {
    static let configuration = CommandConfiguration(
        subcommand: "apply",
        abstract: "Make the kernel agree with the file, or leave it as it was.")

    @Flag(help: "Put our mark on foreign objects that are as the file wants them.")
    var adopt = false

    @Flag(help: "Allow that a foreign default route goes with an address.")
    var force = false

    @Flag(help: "Print the plan instead.")
    var dryRun = false

    @OptionGroup var options: GlobalOptions

    func execute(_ report: inout Report) throws(Failure) -> ExitStatus {
        let planOptions = Plan.Options(adopt: adopt, force: force)
        if dryRun {
            try report.show(try previewConfig(trust: .required, planOptions, &report))
            return .done
        }
        let stopwatch = Stopwatch()
        let (config, warnings) = try readConfig(trust: .required, &report)
        let read = stopwatch.microseconds
        var outcome = try carryOut(.config(config), planOptions)
        outcome.durations.read += read
        outcome.warnings = warnings + outcome.warnings
        return report.show(outcome)
    }
}
