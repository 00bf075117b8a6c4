import DataPlane
import Netlink
import SystemPackage

/// How a transaction ended, for people and for programs.
struct OutcomePrintout {
    let outcome: Outcome
    let names: InterfaceNames

    init(_ outcome: Outcome) {
        self.outcome = outcome
        names = InterfaceNames(of: outcome.links)
    }

    var status: ExitStatus {
        switch outcome.result {
        case .applied, .unchanged: .done
        case .undone: .undone
        case .stuck: .stuck
        }
    }

    /// The changes that were made.
    func text(isColored: Bool) -> String {
        let text = PlanPrintout(outcome.plan, links: outcome.links).text(isColored: isColored)
        return outcome.plan.isEmpty ? text : text + "Applied.\n"
    }

    /// Why it failed and what became of it; nil where it did not.
    var errors: String? {
        switch outcome.result {
        case .applied, .unchanged: nil
        case .undone(let failure):
            FailureText(failure, outcome.plan, names).text + "  \(undone)the kernel is as it was\n"
        case .stuck(let failure, let left):
            FailureText(failure, outcome.plan, names).text
                + "  not everything could be undone; these commands would undo the rest:\n"
                + left.map(commands).joined()
        }
    }

    /// A line each, with the kernel's words as the shell's comment.
    private func commands(_ remnant: Outcome.Remnant) -> String {
        let reason = remnant.error.map { "  # \($0.reason)" } ?? ""
        return remnant.change.commands(names: names).map { "    \($0)\(reason)\n" }.joined()
    }

    private var undone: String {
        switch outcome.undoneCount {
        case 0: ""
        case 1: "1 earlier change was undone; "
        case let count: "\(count) earlier changes were undone; "
        }
    }

    var json: JSON { .object(members) }

    var members: [(key: String, value: JSON?)] {
        var members = PlanPrintout(outcome.plan, links: outcome.links).members(outcome.warnings)
        let result: String
        var failed: Outcome.Failure?
        var remaining: [Outcome.Remnant]?
        switch outcome.result {
        case .applied: result = "applied"
        case .unchanged: result = "unchanged"
        case .undone(let failure): (result, failed) = ("undone", failure)
        case .stuck(let failure, let left): (result, failed, remaining) = ("stuck", failure, left)
        }
        members += [
            ("result", .string(result)),
            ("durationMicroseconds", outcome.durations.json),
            ("error", failed.map { FailureText($0, outcome.plan, names).json }),
            ("left", remaining.map { .array($0.map(left)) }),
        ]
        return members
    }

    private func left(_ remnant: Outcome.Remnant) -> JSON {
        .object([
            "text": .string(remnant.change.intention(names: names)),
            "command": .string(remnant.change.commands(names: names).joined(separator: "; ")),
            "error": .optional(remnant.error?.reason),
        ])
    }
}

/// Why a plan was not carried out, in words.
private struct FailureText {
    private let failure: Outcome.Failure
    private let plan: Plan
    private let names: InterfaceNames

    init(_ failure: Outcome.Failure, _ plan: Plan, _ names: InterfaceNames) {
        self.failure = failure
        self.plan = plan
        self.names = names
    }

    /// Lines, the first with its severity.
    var text: String {
        let wanted = refused?.origin.map { "  wanted by \($0)\n" } ?? ""
        return "error: \(message)\n\(wanted)"
    }

    var json: JSON {
        .object([
            "change": index.map { .number($0) } ?? .null,
            "errno": .optional(error?.errno.name),
            "message": .string(message),
            "location": refused?.origin?.json ?? .null,
        ])
    }

    private var index: Int? {
        if case .refused(let index, _) = failure { index } else { nil }
    }

    private var refused: Change? {
        index.flatMap { plan.changes.indices.contains($0) ? plan.changes[$0] : nil }
    }

    private var error: KernelError? {
        switch failure {
        case .refused(_, let error), .notVerified(let error): error
        case .interrupted: KernelError("perform", .interrupted)
        case .notConverged, .notKept: nil
        }
    }

    private var message: String {
        switch failure {
        case .refused(_, let error):
            refused.map { "cannot \($0.intention(names: names)): \(error.reason)" }
                ?? "cannot \(error)"
        case .interrupted: "interrupted by a signal"
        case .notConverged(let differences):
            "the kernel took every change, but these are still to do: " + list(differences)
        case .notVerified(let error): "cannot read the kernel back: \(error)"
        case .notKept(let error): "\(error)"
        }
    }

    /// The first few.
    private func list(_ changes: [Change]) -> String {
        let shown = changes.prefix(5).map { $0.intention(names: names) }
        let more = changes.count - shown.count
        return (shown + (more > 0 ? ["\(more) more"] : [])).joined(separator: ", ")
    }
}

extension Change {
    /// `add route default via 10.0.0.253 table 1001`
    fileprivate func intention(names: InterfaceNames) -> String {
        "\(verb) \(object.kind) \(description(names: names, under: owner))"
    }
}
