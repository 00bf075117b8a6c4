import ArgumentParser
import DataPlane

/// What every command takes, before its name or after it.
///
/// Closures read what is no string: for a type that the parser reads by itself it asks the runtime
/// for more than it uses, and each question is a search of the binary at every start.
struct GlobalOptions: ParsableArguments {
    enum Format: String, CaseIterable {
        case text, json, shell
    }

    enum Coloring: String, CaseIterable {
        case auto, always, never
    }

    @Option(help: ArgumentHelp("The file to read.", valueName: "file"))
    var config = ConfigFiles.usualMainPath

    @Option(help: ArgumentHelp("What is kept until the next boot.", valueName: "dir"))
    var stateDir = "/run/rtsetup"

    @Option(help: ArgumentHelp("What is kept across boots.", valueName: "dir"))
    var libDir = "/var/lib/rtsetup"

    @Option(
        help: ArgumentHelp(
            "text or json; plan also: shell. Default: text.", valueName: "format"),
        completion: .list(words(of: Format.self)), transform: word)
    var format = Format.text

    @Flag(help: "Show the stages and their times on standard error.")
    var verbose = false

    @Flag(help: "Say nothing but errors.")
    var quiet = false

    @Option(
        help: ArgumentHelp("auto, always or never. Default: auto.", valueName: "when"),
        completion: .list(words(of: Coloring.self)), transform: word)
    var color = Coloring.auto

    @Option(
        help: ArgumentHelp(
            "How long to wait for another rtsetup. Default: 10.", valueName: "seconds"),
        transform: { text in
            guard let seconds = Double(text), seconds >= 0, seconds < 1e6 else {
                throw ValidationError("it takes seconds, from 0 to under 1000000")
            }
            return seconds
        })
    var lockTimeout = 10.0

    @Sendable
    private static func word<Value: RawRepresentable<String> & CaseIterable>(
        _ text: String
    ) throws -> Value {
        guard let value = Value(rawValue: text) else {
            throw ValidationError("it takes \(words(of: Value.self).joined(separator: ", "))")
        }
        return value
    }

    private static func words<Value: RawRepresentable<String> & CaseIterable>(
        of type: Value.Type
    ) -> [String] {
        type.allCases.map(\.rawValue)
    }
}
