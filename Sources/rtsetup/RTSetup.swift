import DataPlane

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The command line is read by hand: a parser that works by reflection took longer than all else
/// of a run together.
@main
enum RTSetup {
    static var commands: [any Command.Type] {
        [Validate.self, PlanCommand.self, Apply.self, Teardown.self, Status.self]
    }

    static func main() {
        let words = CommandLine.arguments.dropFirst()
        var arguments = Arguments(words)
        var command: (any Command.Type)?
        let status: ExitStatus
        do throws(UsageError) {
            status = try run(&arguments, &command)
        } catch {
            status = .usage
            complain(error, command, isJSON: isJSONWanted(words))
        }
        exit(status.rawValue)
    }

    /// - Parameter command: the one that was named, for messages.
    private static func run(
        _ arguments: inout Arguments, _ command: inout (any Command.Type)?
    ) throws(UsageError) -> ExitStatus {
        var options = GlobalOptions()
        while let word = arguments.next() {
            switch word {
            case .option("version", nil):
                Console.print(Version.line)
                return .done
            case .option("help", nil), .option("h", nil):
                Console.print(Help.text)
                return .done
            case .option(let name, let value): try options.read(name, value, &arguments)
            case .operand(let name):
                guard let named = commands.first(where: { $0.name == name }) else {
                    throw UsageError("there is no command '\(name)'")
                }
                command = named
                return try named.run(&arguments, options)
            }
        }
        Console.print(Help.text)
        return .done
    }

    private static func complain(
        _ error: UsageError, _ command: (any Command.Type)?, isJSON: Bool
    ) {
        if isJSON { Console.print(Failure(.usage, error.message).json.text + "\n") }
        let name = command.map { " " + $0.name } ?? ""
        Console.complain(
            """
            error: \(error.message)
            usage: \(command?.usage ?? Help.usage)
              rtsetup\(name) --help tells more

            """)
    }

    /// Asked only where the arguments could not be read.
    private static func isJSONWanted(_ words: ArraySlice<String>) -> Bool {
        words.contains("--format=json")
            || zip(words, words.dropFirst()).contains { $0 == ("--format", "json") }
    }
}
