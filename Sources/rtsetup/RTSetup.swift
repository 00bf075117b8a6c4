import ArgumentParser
import Plist

@main
struct RTSetup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rtsetup",
        abstract: "Makes the kernel of a multi-ENI host agree with one file.",
        version: "rtsetup \(Version.current)",
        subcommands: [
            Validate.self, PlanCommand.self, Apply.self, Teardown.self, RebindCommand.self,
            WatchCommand.self, Status.self, Queues.self, Discover.self, ImportCommand.self,
            Announcement.self,
        ])

    /// Here as well so that they may stand before the command's name.
    @OptionGroup var options: GlobalOptions

    static func main() {
        // The parser takes longer than all else together, and this is asked often.
        if CommandLine.arguments.dropFirst().elementsEqual(["--version"]) {
            endPrinting(configuration.version)
        }
        guard CommandLine.arguments.count > 1 else {
            Console.complain(helpMessage() + "\n")
            exit(withError: ExitCode(ExitStatus.usage.rawValue))
        }
        do {
            var command = try parse()
            try command.run()
        } catch {
            if exitCode(for: error) == .success { endPrinting(fullMessage(for: error)) }
            if exitCode(for: error) == .validationFailure, Self.isJSONWanted {
                Console.print(Failure(.usage, message(for: error)).json.text + "\n")
            }
            exit(withError: error)
        }
    }

    /// Options alone: a unit that lost its command must not succeed.
    func run() throws { throw ValidationError("a command is missing") }

    /// Version, help and the like.
    private static func endPrinting(_ text: String) -> Never {
        Console.print(text + "\n")
        guard let failure = Failure(losing: .done) else { exit() }
        Console.complain("\(failure.diagnostics.map(\.message).joined())\n")
        exit(withError: ExitCode(failure.status.rawValue))
    }

    /// The parser reads a command alone in a third of the time that the whole tree takes it. What
    /// it does not read so (a call for help, a mistake, options before the name), the tree judges.
    private static func parse() throws -> any ParsableCommand {
        let arguments = CommandLine.arguments.dropFirst()
        let name = arguments.first
        if let command = configuration.subcommands.first(where: { $0._commandName == name }),
            let parsed = try? command.parseAsRoot(Array(arguments.dropFirst())),
            type(of: parsed) == command
        {
            return parsed
        }
        return try parseAsRoot()
    }

    /// Asked only where the arguments could not be parsed.
    private static var isJSONWanted: Bool {
        let arguments = CommandLine.arguments
        return arguments.contains("--format=json")
            || zip(arguments, arguments.dropFirst()).contains { $0 == ("--format", "json") }
    }
}
