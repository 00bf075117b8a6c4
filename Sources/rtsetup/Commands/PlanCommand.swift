import ArgumentParser
import DataPlane

struct PlanCommand: Command {
    static let configuration = CommandConfiguration(
        subcommand: "plan",
        abstract: "Print the changes that apply would make.")
    static let formats: [GlobalOptions.Format] = [.text, .json, .shell]

    @Flag(help: "Exit with 2 if there are changes.")
    var detailedExitcode = false

    @OptionGroup var options: GlobalOptions

    func execute(_ report: inout Report) throws(Failure) -> ExitStatus {
        let preview = try previewConfig(trust: .advised, .init(), &report)
        try report.show(preview)
        return detailedExitcode && !preview.plan.isEmpty ? .pending : .done
    }
}
