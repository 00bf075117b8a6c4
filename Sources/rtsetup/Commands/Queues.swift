import ArgumentParser

struct Queues: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queues",
        abstract: "Show, set or measure how packets are spread over queues and CPUs.",
        subcommands: [QueuesShow.self, QueuesApply.self, QueuesMeasure.self],
        defaultSubcommand: QueuesShow.self)

    /// Here as well so that they may stand before the subcommand's name.
    @OptionGroup var options: GlobalOptions
}
