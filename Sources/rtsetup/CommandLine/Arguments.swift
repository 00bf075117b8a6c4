/// The words behind the program's name, one after the other.
struct Arguments {
    enum Word {
        /// `--name`, `--name=value` or `-h`, without the dashes.
        case option(String, value: String?)
        /// Anything else: a command, a file, `-`.
        case operand(String)
    }

    private var rest: ArraySlice<String>
    private var areOptionsOver = false

    init(_ words: some Sequence<String>) { rest = Array(words)[...] }

    mutating func next() -> Word? {
        guard let word = rest.popFirst() else { return nil }
        if areOptionsOver || word == "-" || !word.hasPrefix("-") { return .operand(word) }
        if word == "--" {
            areOptionsOver = true
            return next()
        }
        guard word.hasPrefix("--") else { return .option(String(word.dropFirst()), value: nil) }
        let parts = word.dropFirst(2).split(
            separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return .option(String(parts[0]), value: parts.count == 2 ? String(parts[1]) : nil)
    }

    /// The word behind an option, whatever it looks like.
    mutating func value() -> String? { rest.popFirst() }
}
