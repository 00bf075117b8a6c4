import ArgumentParser
import DataPlane
import Plist

struct PlanCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Print the changes that apply would make.")
    static let formats = GlobalOptions.Format.allCases

    @Flag(help: "Exit with 2 if there are changes.")
    var detailedExitcode = false

    @OptionGroup var options: GlobalOptions

    func execute(_ report: inout Report) throws(Failure) -> ExitStatus {
        let preview = try previewConfig(trust: .advised, .init(), &report)
        return detailedExitcode && !preview.plan.isEmpty ? .pending : .done
    }
}

extension Command {
    /// `plan`, and `apply --dry-run`.
    func previewConfig(
        trust: ConfigFiles.Trust, _ planOptions: Plan.Options, _ report: inout Report
    ) throws(Failure) -> Preview {
        let clock = Stopwatch()
        let (config, warnings) = try readBuiltConfig(trust: trust, &report)
        return try show(
            .config(config), planOptions, warnings: warnings, read: clock.microseconds, report)
    }

    /// Prints a plan and changes nothing.
    ///
    /// - Throws: its conflicts too, after it was shown to people.
    @discardableResult
    func show(
        _ goal: Session.Goal, _ planOptions: Plan.Options, warnings: [Diagnostic], read: Int64,
        _ report: Report
    ) throws(Failure) -> Preview {
        let session = try openSession()
        var preview: Preview
        do throws(SessionError) {
            preview = try session.preview(goal, options: planOptions)
        } catch { throw Failure(error) }
        preview.durations.read += read
        preview.warnings = warnings + preview.warnings
        report.warn(preview.warnings)
        report.tell(preview.durations)
        let conflicts = preview.plan.conflicts
        let printout = PlanPrintout(preview.plan, links: preview.kernel.links)
        switch options.format {
        case .text: report.say(printout.text(isColored: report.isColored))
        case .json where conflicts.isEmpty: report.print(printout.json(preview.warnings))
        case .shell where conflicts.isEmpty: Console.print(printout.script)
        case .json, .shell: break
        }
        guard conflicts.isEmpty else { throw Failure(.unavailable, conflicts) }
        return preview
    }
}
