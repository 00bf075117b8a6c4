import ArgumentParser
import DataPlane
import Plist

struct Status: Command {
    static let configuration = CommandConfiguration(
        subcommand: "status",
        abstract: "Show what is configured, owned, foreign and different, per interface.")

    @Flag(help: "Exit with 2 if there are differences.")
    var detailedExitcode = false

    @OptionGroup var options: GlobalOptions

    func execute(_ report: inout Report) throws(Failure) -> ExitStatus {
        let watch = try session(on: try openKernel()).watchRecord()
        var preview: Preview
        do throws(Failure) {
            preview = try previewConfig(trust: .advised, .init(), &report)
        } catch {
            // Where the files are bad, this is what there is to say.
            if let hold = watch?.hold { report.warn([Diagnostic(.warning, "watch: \(hold)")]) }
            throw error
        }
        preview.warnings += watch?.warnings ?? []
        report.warn(preview.warnings)
        report.explain(preview.plan.conflicts)
        preview.warnings += preview.plan.conflicts
        report.tell(preview.durations)
        let printout = StatusPrintout(preview, hold: watch?.hold)
        if report.isJSON {
            report.print(printout.json)
        } else {
            report.say(printout.text(isColored: report.isColored))
        }
        return detailedExitcode && !printout.isConverged ? .pending : .done
    }
}
