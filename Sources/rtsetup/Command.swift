/// A subcommand: it does its work and says how that ended; what goes wrong is told here.
protocol Command {
    static var name: String { get }
    /// One line of help.
    static var abstract: String { get }
    static var formats: [GlobalOptions.Format] { get }
    /// Its own, beside the global ones.
    static var ownOptions: [Option<Self>] { get }
    /// The word that is no option, where it takes one.
    static var operand: Option<Self>? { get }

    var options: GlobalOptions { get set }

    init()
    func execute(_ report: inout Report) throws(Failure) -> ExitStatus
}

extension Command {
    static var formats: [GlobalOptions.Format] { [.text, .json] }
    static var ownOptions: [Option<Self>] { [] }
    static var operand: Option<Self>? { nil }

    /// - Parameters:
    ///   - arguments: what stands behind the command's name.
    ///   - options: what stood before it.
    static func run(
        _ arguments: inout Arguments, _ options: GlobalOptions
    ) throws(UsageError) -> ExitStatus {
        var command = Self()
        command.options = options
        var operand = Self.operand
        while let word = arguments.next() {
            switch word {
            case .option("help", nil), .option("h", nil):
                Console.print(help)
                return .done
            case .option("version", nil):
                Console.print(Version.line)
                return .done
            case .option(let name, let value):
                if let option = ownOptions.first(where: { $0.name == name }) {
                    try option.read(value, &arguments, into: &command)
                } else {
                    try command.options.read(name, value, &arguments)
                }
            case .operand(let text):
                guard let place = operand else { throw UsageError("unexpected word '\(text)'") }
                try place.take(text, into: &command)
                operand = nil
            }
        }
        guard formats.contains(command.options.format) else {
            throw UsageError("--format \(command.options.format.rawValue) is for plan alone")
        }
        return command.run()
    }

    private func run() -> ExitStatus {
        var report = Report(options)
        do throws(Failure) {
            return try execute(&report)
        } catch {
            report.fail(error)
            return error.status
        }
    }
}

extension GlobalOptions {
    mutating func read(
        _ name: String, _ value: String?, _ arguments: inout Arguments
    ) throws(UsageError) {
        guard let option = Self.all.first(where: { $0.name == name }) else {
            let dashes = name.count == 1 ? "-" : "--"
            throw UsageError("unknown option '\(dashes)\(name)'")
        }
        try option.read(value, &arguments, into: &self)
    }
}
