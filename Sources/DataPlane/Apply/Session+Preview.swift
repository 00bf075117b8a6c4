import Netlink
import Plist

extension Session {
    func preview(
        _ goal: Goal, options: Plan.Options, _ past: Past
    ) throws(SessionError) -> (preview: Preview, aim: BoundGoal) {
        var durations = Durations()
        let observing = Stopwatch()
        var memory = past.memory
        var aim = BoundGoal(goal, bindings: past.bindings, links: [])
        let state: KernelState
        do {
            state = try kernel.observe { links in
                aim = BoundGoal(goal, bindings: past.bindings, links: links)
                memory = past.memory.following(links)
                memory.carryTables(aim.bindings)
                return aim.goal.sysctlsToObserve(links, memory: memory)
            } queues: { links in
                aim.goal.queuesToObserve(links, memory: memory)
            }
        } catch { throw .inconsistent(error) }
        durations.observe = observing.microseconds
        let planning = Stopwatch()
        var desired = aim.goal.desired(kernel: state, memory: memory)
        desired.conflicts +=
            aim.rebind?.conflicts(kernel: state, desired: desired, memory: memory)
            .map { Conflict($0) } ?? []
        var options = options
        if let rebind = aim.rebind {
            options.refusal = .of(rebind.concerned(state, boundBefore: past.bindings))
        }
        var plan = Plan(from: state, to: desired, memory: memory, options: options)
        plan.note(desired.floating)
        if aim.rebind != nil {
            plan.warnings += plan.standing.map { Diagnostic(.warning, at: $0.location, $0.message) }
        }
        durations.plan = planning.microseconds
        // Tables have a file of their own.
        var after = aim.goal.memory(after: plan, bindings: aim.bindings)
        after.tables = past.memory.tables
        let isSettled = plan.isEmpty && !past.memory.isInterrupted && after == past.memory
        let preview = Preview(
            plan: plan, desired: desired, kernel: state, warnings: past.warnings + plan.warnings,
            durations: durations, isSettled: isSettled)
        return (preview, aim)
    }
}
