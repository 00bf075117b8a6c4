import DataPlane

struct Teardown: Command {
    static let name = "teardown"
    static let abstract = "Remove everything owned, and restore what was changed."
    static let ownOptions: [Option<Self>] = [
        .flag("force", "Allow that a foreign default route goes with an address.") {
            $0.force = true
        },
        .flag("dry-run", "Print the plan instead.") { $0.dryRun = true },
    ]

    var force = false
    var dryRun = false
    var options = GlobalOptions()

    func execute(_ report: inout Report) throws(Failure) -> ExitStatus {
        let planOptions = Plan.Options(force: force)
        if dryRun {
            try report.show(try preview(.nothing, planOptions))
            return .done
        }
        return report.show(try carryOut(.nothing, planOptions))
    }
}
