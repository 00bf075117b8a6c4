import DataPlane

extension Report {
    /// Prints a plan in the format that was asked for.
    ///
    /// - Throws: its conflicts; people see what could be planned as well.
    func show(_ preview: Preview) throws(Failure) {
        warn(preview.warnings)
        tell(preview.durations)
        let conflicts = preview.plan.conflicts
        let printout = PlanPrintout(
            preview.plan, links: preview.kernel.links, floating: preview.desired.floating)
        switch format {
        case .text where preview.plan.isEmpty && !conflicts.isEmpty: break
        case .text: say(printout.text(isColored: isColored))
        case .json where conflicts.isEmpty: print(printout.json(preview.warnings))
        case .shell where conflicts.isEmpty: Console.print(printout.script)
        case .json, .shell: break
        }
        guard conflicts.isEmpty else { throw Failure(.unavailable, conflicts) }
    }

    /// Prints how a rebind ended.
    func show(_ outcome: Outcome, of rebind: Rebind, announced count: Int) -> ExitStatus {
        warn(outcome.warnings)
        tell(outcome.durations)
        let printout = OutcomePrintout(outcome)
        if isJSON { print(printout.json(of: rebind, announced: count)) }
        if let errors = printout.errors {
            Console.complain(errors)
        } else if !isJSON {
            say(printout.text(isColored: isColored) + printout.summary(of: rebind))
        }
        return printout.status
    }

    /// Prints how a transaction ended.
    func show(_ outcome: Outcome) -> ExitStatus {
        warn(outcome.warnings)
        tell(outcome.durations)
        let printout = OutcomePrintout(outcome)
        if isJSON { print(printout.json) }
        if let errors = printout.errors {
            Console.complain(errors)
        } else if !isJSON {
            say(printout.text(isColored: isColored))
        }
        return printout.status
    }
}
