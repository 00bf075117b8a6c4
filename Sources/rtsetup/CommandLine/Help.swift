extension Command {
    /// `rtsetup plan [--detailed-exitcode] [options]`
    static var usage: String {
        let own = ownOptions.map { " [\($0.signature)]" }.joined()
        return "rtsetup \(name)\(own) [options]" + (operand.map { " [\($0.name)]" } ?? "")
    }

    static var help: String {
        let own = Help.lines((operand.map { [($0.name, $0.help)] } ?? []) + ownOptions.map(\.line))
        return "\(abstract)\n\nUsage: \(usage)\n\n" + own + (own.isEmpty ? "" : "\n") + Help.options
    }
}

/// What `--help` says.
enum Help {
    static let usage = "rtsetup [options] command"

    static var text: String {
        "Makes the kernel of a multi-ENI host agree with one file.\n\nUsage: \(usage)\n\nCommands:\n"
            + lines(RTSetup.commands.map { ($0.name, $0.abstract) }) + "\n" + options
    }

    static var options: String {
        "Options of every command:\n"
            + lines(
                GlobalOptions.all.map(\.line) + [
                    ("--version", "Show the version."), ("-h, --help", "Show this help."),
                ])
    }

    fileprivate static func lines(_ entries: [(term: String, text: String)]) -> String {
        entries.map { term, text in
            "  \(term)\(String(repeating: " ", count: max(1, 26 - term.count)))\(text)\n"
        }.joined()
    }
}

extension Option {
    /// `--format <format>`
    fileprivate var signature: String { "--\(name)" + (value.map { " <\($0)>" } ?? "") }

    fileprivate var line: (term: String, text: String) { (signature, help) }
}
