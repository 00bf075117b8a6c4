import Glibc
import Netlink
public import RPSTuner

/// How packets were spread over CPUs for a while, and what that means for the interface that they
/// came in through.
public struct QueueMeasurement: Sendable {
    public var load: LoadMeasurement
    public var finding: LoadFinding
    /// nil: nothing but the loopback received anything.
    public var interface: QueueSurvey.Interface?
    public var hasIRQBalance: Bool
}

extension QueueMeasurement {
    /// Looks, waits and looks again.
    ///
    /// - Parameters:
    ///   - name: the interface; nil: the one that received most meanwhile.
    ///   - config: for the CPUs that the file leaves to the interface.
    ///   - flows: how many flows there may be, for what a spread by chance can reach.
    /// - Throws: as `QueueSurvey`; before the wait where the interface is named.
    public init(
        of name: String?, _ config: Config?, seconds: Double, flows: Int
    ) throws(SessionError) {
        if let name { _ = try QueueSurvey(of: [name], config) }
        let before = LoadSample()
        Self.wait(seconds)
        let after = LoadSample()
        let chosen = name ?? after.busiestInterface(since: before)
        let survey = try QueueSurvey(of: chosen.map { [$0] } ?? [], config)
        interface = chosen == nil ? nil : survey.interfaces.first
        hasIRQBalance = survey.host.hasIRQBalance
        load = LoadMeasurement(
            from: before, to: after,
            meant: interface.map { CPUMask($0.plan.local) } ?? survey.host.topology.eligible,
            interface: interface?.link.name, interrupts: interface?.device?.queues.interrupts ?? [])
        finding = LoadFinding(
            load, of: interface?.device, on: survey.host, cpus: interface?.policy?.cpus,
            flows: flows)
    }

    private static func wait(_ seconds: Double) {
        let whole = seconds.rounded(.down)
        var time = timespec(tv_sec: Int(whole), tv_nsec: Int((seconds - whole) * 1e9))
        var left = timespec()
        while nanosleep(&time, &left) != 0 && errno == EINTR { time = left }
    }
}
