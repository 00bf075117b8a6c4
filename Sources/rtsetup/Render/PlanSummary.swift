import DataPlane

/// How many changes of each kind a plan has.
struct PlanSummary {
    private var added = 0
    private var changed = 0
    private var removed = 0

    init(_ changes: [Change]) {
        for change in changes {
            switch change.action {
            case .add: added += 1
            case .replace: changed += 1
            case .remove: removed += 1
            }
        }
    }

    var text: String { "\(added) to add, \(changed) to change, \(removed) to remove" }

    var json: JSON {
        .object(["add": .number(added), "change": .number(changed), "remove": .number(removed)])
    }
}
