extension SteeringPlan {
    /// The CPUs that are a receive queue's own, whatever its files shall say; empty where no packet
    /// may be steered at all.
    public func group(ofQueue queue: Int) -> CPUMask {
        let groups = Self.groups(of: local, for: receiveCount)
        return groups.indices.contains(queue) ? CPUMask(groups[queue]) : []
    }

    /// What a queue's file shall say, and why; nil: whatever it says.
    public func entry(_ file: QueueFile) -> Entry? { entries.first { $0.file == file } }
}
