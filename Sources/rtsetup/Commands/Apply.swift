import ArgumentParser
import DataPlane
import Plist

struct Apply: Command {
    static let configuration = CommandConfiguration(
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
            _ = try previewConfig(trust: .required, planOptions, &report)
            return .done
        }
        let clock = Stopwatch()
        let (config, warnings) = try readBuiltConfig(trust: .required, &report)
        return try carryOut(
            .config(config), planOptions, warnings: warnings, read: clock.microseconds, report)
    }
}

extension Command {
    /// `apply` and `teardown`: one transaction, told.
    func carryOut(
        _ goal: Session.Goal, _ planOptions: Plan.Options, warnings: [Diagnostic], read: Int64,
        _ report: Report
    ) throws(Failure) -> ExitStatus {
        let session = try openWritingSession()
        var outcome: Outcome
        do throws(SessionError) {
            outcome = try session.carryOut(
                goal, options: planOptions, lockTimeout: options.lockTimeout)
        } catch {
            report.warn(warnings)
            throw Failure(error)
        }
        outcome.durations.read += read
        outcome.warnings = warnings + outcome.warnings
        report.warn(outcome.warnings)
        report.tell(outcome.durations)
        let printout = OutcomePrintout(outcome)
        if report.isJSON { report.print(printout.json) }
        if let errors = printout.errors {
            report.complain(errors)
        } else if !report.isJSON {
            report.say(printout.text(isColored: report.isColored))
        }
        return printout.status
    }
}
