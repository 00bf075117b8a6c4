import ArgumentParser

/// A subcommand: it does its work and says how that ended; what goes wrong is told here.
protocol Command: ParsableCommand {
    static var formats: [GlobalOptions.Format] { get }
    var options: GlobalOptions { get }

    func execute(_ report: inout Report) throws(Failure) -> ExitStatus
}

extension Command {
    static var formats: [GlobalOptions.Format] { [.text, .json] }

    func run() throws {
        guard Self.formats.contains(options.format) else {
            throw ValidationError("--format \(options.format.rawValue) is for plan alone")
        }
        var report = Report(options)
        let status: ExitStatus
        do throws(Failure) {
            status = try execute(&report)
        } catch {
            report.fail(error)
            status = error.status
        }
        if let failure = Failure(losing: status) {
            report.explain(failure.diagnostics)
            throw ExitCode(failure.status.rawValue)
        }
        guard status == .done else { throw ExitCode(status.rawValue) }
    }
}

extension CommandConfiguration {
    /// With the name of the root, the parser takes the command for a part of it, and does not look
    /// for the root's own options (`--generate-completion-script`) where it is parsed alone.
    init(subcommand: String, abstract: String) {
        self.init(commandName: subcommand, _superCommandName: "rtsetup", abstract: abstract)
    }
}
