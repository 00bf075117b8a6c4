import DataPlane
import Plist

/// Where a command's words go: results to standard output, everything else to standard error.
struct Report {
    private let options: GlobalOptions
    /// What was read, for the lines under diagnostics.
    var sources: [SourceText] = []

    init(_ options: GlobalOptions) { self.options = options }

    var format: GlobalOptions.Format { options.format }
    var isJSON: Bool { format == .json }

    var isColored: Bool {
        switch options.color {
        case .always: true
        case .never: false
        case .auto: Console.isColorTerminal
        }
    }

    /// For people: `--quiet` keeps it back.
    func say(_ text: @autoclosure () -> String) {
        if !options.quiet { Console.print(text()) }
    }

    /// For programs.
    func print(_ json: JSON) { Console.print(json.text + "\n") }

    /// One line each; `--quiet` keeps them back.
    func warn(_ warnings: [Diagnostic]) {
        if !options.quiet { show(warnings, with: DiagnosticRenderer([])) }
    }

    /// With the source line and a caret.
    func explain(_ diagnostics: [Diagnostic]) {
        show(diagnostics, with: DiagnosticRenderer(sources))
    }

    func fail(_ failure: Failure) {
        explain(failure.diagnostics)
        if isJSON { print(failure.json) }
    }

    private func show(_ diagnostics: [Diagnostic], with renderer: DiagnosticRenderer) {
        guard !diagnostics.isEmpty else { return }
        Console.complain(diagnostics.map { renderer.text(of: $0) + "\n" }.joined())
    }

    /// `--verbose`: the stages that took place, in milliseconds.
    func tell(_ durations: Durations) {
        guard options.verbose else { return }
        let lines = durations.stages.filter { $0.value > 0 }.map { name, microseconds in
            let padding = String(repeating: " ", count: max(0, 8 - name.utf8.count))
            let fraction = String(microseconds % 1000 + 1000).dropFirst()
            return "\(name)\(padding) \(microseconds / 1000).\(fraction) ms\n"
        }
        Console.complain(lines.joined())
    }
}

extension Durations {
    /// In their order.
    var stages: KeyValuePairs<String, Int64> {
        [
            "read": read, "observe": observe, "plan": plan, "perform": perform, "verify": verify,
        ]
    }

    var json: JSON { .object(stages.map { ($0, .number($1)) }) }
}
