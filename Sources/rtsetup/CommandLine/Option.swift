/// An option or an operand as it is read into its holder, and as help tells it.
struct Option<Holder>: Sendable {
    let name: String
    /// What stands for its value in help; nil: a flag.
    let value: String?
    let help: String
    /// nil where the value is none of its kind.
    private let set: @Sendable (inout Holder, String) -> Void?

    static func flag(
        _ name: String, _ help: String, set: @escaping @Sendable (inout Holder) -> Void
    ) -> Option {
        Option(name: name, value: nil, help: help) { holder, _ in set(&holder) }
    }

    static func value(
        _ name: String, _ value: String, _ help: String,
        set: @escaping @Sendable (inout Holder, String) -> Void?
    ) -> Option {
        Option(name: name, value: value, help: help, set: set)
    }

    /// - Parameter text: what stands behind `=`; nil: the value is the next word.
    func read(
        _ text: String?, _ arguments: inout Arguments, into holder: inout Holder
    ) throws(UsageError) {
        guard value != nil else {
            guard text == nil else { throw UsageError("--\(name) takes no value") }
            set(&holder, "")
            return
        }
        guard let text = text ?? arguments.value() else {
            throw UsageError("--\(name) needs a value: \(help)")
        }
        try take(text, into: &holder)
    }

    func take(_ text: String, into holder: inout Holder) throws(UsageError) {
        guard set(&holder, text) != nil else {
            throw UsageError("'\(text)' is no value of --\(name): \(help)")
        }
    }
}

/// The arguments are wrong (64).
struct UsageError: Error {
    var message: String
    init(_ message: String) { self.message = message }
}
