import ArgumentParser
import DataPlane

/// What every command takes, before its name or after it.
struct GlobalOptions: ParsableArguments {
    // The values are written out twice because the parser's own list of all cases is made by
    // reflection, which every start would pay for.
    enum Format: String, ExpressibleByArgument {
        case text, json, shell
        static var allValueStrings: [String] { ["text", "json", "shell"] }
        static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
        var defaultValueDescription: String { rawValue }
    }

    enum Coloring: String, ExpressibleByArgument {
        case auto, always, never
        static var allValueStrings: [String] { ["auto", "always", "never"] }
        static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
        var defaultValueDescription: String { rawValue }
    }

    @Option(help: ArgumentHelp("The file to read.", valueName: "file"))
    var config = ConfigFiles.usualMainPath

    @Option(help: ArgumentHelp("What is kept until the next boot.", valueName: "dir"))
    var stateDir = "/run/rtsetup"

    @Option(help: ArgumentHelp("What is kept across boots.", valueName: "dir"))
    var libDir = "/var/lib/rtsetup"

    @Option(help: ArgumentHelp("text or json; plan also: shell.", valueName: "format"))
    var format = Format.text

    @Flag(help: "Show the stages and their times on standard error.")
    var verbose = false

    @Flag(help: "Say nothing but errors.")
    var quiet = false

    @Option(help: ArgumentHelp("auto, always or never.", valueName: "when"))
    var color = Coloring.auto

    @Option(help: ArgumentHelp("How long to wait for another rtsetup.", valueName: "seconds"))
    var lockTimeout = 10.0

    func validate() throws {
        guard lockTimeout >= 0, lockTimeout < 1e6 else {
            throw ValidationError("--lock-timeout takes seconds from 0")
        }
    }
}
