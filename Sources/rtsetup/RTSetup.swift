import ArgumentParser

@main
struct RTSetup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rtsetup",
        abstract: "Makes the kernel of a multi-ENI host agree with one file.",
        version: "rtsetup \(Version.current)",
        subcommands: [
            Validate.self, PlanCommand.self, Apply.self, Teardown.self, Status.self,
        ])

    /// Here as well so that they may stand before the command's name.
    @OptionGroup var options: GlobalOptions

    static func main() {
        // The parser takes longer than all else together, and this is asked often.
        if CommandLine.arguments.dropFirst().elementsEqual(["--version"]) {
            return Console.print(configuration.version + "\n")
        }
        guard CommandLine.arguments.count > 1 else {
            Console.complain(helpMessage() + "\n")
            exit(withError: ExitCode(ExitStatus.usage.rawValue))
        }
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            if exitCode(for: error) == .validationFailure, Self.isJSONWanted {
                Console.print(Failure(.usage, message(for: error)).json.text + "\n")
            }
            exit(withError: error)
        }
    }

    /// Asked only where the arguments could not be parsed.
    private static var isJSONWanted: Bool {
        let arguments = CommandLine.arguments
        return arguments.contains("--format=json")
            || zip(arguments, arguments.dropFirst()).contains { $0 == ("--format", "json") }
    }
}
