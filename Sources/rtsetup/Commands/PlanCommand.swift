import DataPlane

struct PlanCommand: Command {
    static let name = "plan"
    static let abstract = "Print the changes that apply would make."
    static let formats = GlobalOptions.Format.allCases
    static let ownOptions: [Option<Self>] = [
        .flag("detailed-exitcode", "Exit with 2 if there are changes.") {
            $0.detailedExitcode = true
        }
    ]

    var detailedExitcode = false
    var options = GlobalOptions()

    func execute(_ report: inout Report) throws(Failure) -> ExitStatus {
        let preview = try previewConfig(trust: .advised, .init(), &report)
        try report.show(preview)
        return detailedExitcode && !preview.plan.isEmpty ? .pending : .done
    }
}
