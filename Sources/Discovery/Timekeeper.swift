/// The time of a run, so that tests need not wait.
public struct Timekeeper: Sendable {
    /// Since the run began.
    var now: @Sendable () -> Duration
    /// Returns early where the task was cancelled.
    var sleep: @Sendable (Duration) async -> Void
    /// From 0 to 1: what keeps a fleet that fails together from trying again together.
    var jitter: @Sendable () -> Double

    init(
        now: @escaping @Sendable () -> Duration,
        sleep: @escaping @Sendable (Duration) async -> Void,
        jitter: @escaping @Sendable () -> Double
    ) {
        self.now = now
        self.sleep = sleep
        self.jitter = jitter
    }

    /// Real time, from now on.
    public init() {
        let start = ContinuousClock.now
        self.init(
            now: { ContinuousClock.now - start },
            sleep: { try? await Task.sleep(for: $0) },
            jitter: { Double.random(in: 0...1) })
    }
}
