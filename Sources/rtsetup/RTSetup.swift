import ArgumentParser

@main
struct RTSetup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rtsetup",
        abstract: "Makes the kernel of a multi-ENI host agree with one file.",
        version: "rtsetup \(Version.current)",
        subcommands: [])

    @OptionGroup var options: GlobalOptions
}
