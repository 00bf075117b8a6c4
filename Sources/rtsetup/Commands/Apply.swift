import DataPlane

struct Apply: Command {
    static let name = "apply"
    static let abstract = "Make the kernel agree with the file, or leave it as it was."
    static let ownOptions: [Option<Self>] = [
        .flag("adopt", "Put our mark on foreign objects that are as the file wants them.") {
            $0.adopt = true
        },
        .flag("force", "Allow that a foreign default route goes with an address.") {
            $0.force = true
        },
        .flag("dry-run", "Print the plan instead.") { $0.dryRun = true },
    ]

    var adopt = false
    var force = false
    var dryRun = false
    var options = GlobalOptions()

    func execute(_ report: inout Report) throws(Failure) -> ExitStatus {
        let planOptions = Plan.Options(adopt: adopt, force: force)
        if dryRun {
            try report.show(try previewConfig(trust: .required, planOptions, &report))
            return .done
        }
        let stopwatch = Stopwatch()
        let (config, warnings) = try readBuiltConfig(trust: .required, &report)
        let read = stopwatch.microseconds
        var outcome = try carryOut(.config(config), planOptions)
        outcome.durations.read += read
        outcome.warnings = warnings + outcome.warnings
        return report.show(outcome)
    }
}
