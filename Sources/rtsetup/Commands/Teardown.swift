import ArgumentParser
import DataPlane

struct Teardown: Command {
    static let configuration = CommandConfiguration(
        subcommand: "teardown",
        abstract: "Remove everything owned, and restore what was changed.")

    @Flag(help: "Allow that a foreign default route goes with an address.")
    var force = false

    @Flag(help: "Print the plan instead.")
    var dryRun = false

    @OptionGroup var options: GlobalOptions

    func execute(_ report: inout Report) throws(Failure) -> ExitStatus {
        let planOptions = Plan.Options(force: force)
        if dryRun {
            try report.show(try preview(.nothing, planOptions))
            return .done
        }
        return report.show(try carryOut(.nothing, planOptions))
    }
}
