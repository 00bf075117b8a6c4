import Netlink

/// A session's goal with the bindings that will be in force.
struct BoundGoal {
    /// No rebind any more: its bindings are applied.
    var goal: Session.Goal
    var bindings: StandingBindings
    /// What was asked; with refusals the bindings are as they were.
    var rebind: ResolvedRebind?

    init(_ goal: Session.Goal, bindings: StandingBindings, links: [Link]) {
        self.goal = goal
        self.bindings = bindings
        switch goal {
        case .nothing: break
        case .config(let config): self.goal = .config(config.bound(by: bindings))
        case .queues(let config): self.goal = .queues(config.bound(by: bindings))
        case .rebind(let rebind, let config):
            let resolved = ResolvedRebind(
                rebind, config: config, bindings: bindings, links: links)
            if resolved.refusals.isEmpty { self.bindings = resolved.bindings }
            self.goal = .config(
                config.bound(by: self.bindings, arriving: resolved.arriving))
            self.rebind = resolved
        }
    }
}
