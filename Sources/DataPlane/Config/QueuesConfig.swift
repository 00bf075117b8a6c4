public import Plist
public import RPSTuner

/// `Queues` of an interface, or of `Defaults`.
public struct QueuesConfig: Hashable, Sendable {
    /// Where the dictionary begins.
    public var location: SourceLocation
    public private(set) var policy = SteeringPolicy()
    /// The values of the keys that a file gives.
    public private(set) var locations: [SteeringKey: SourceLocation] = [:]

    public init(location: SourceLocation) { self.location = location }

    /// Where a key's value stands; the dictionary's own place where no file gives the key.
    public func location(of key: SteeringKey) -> SourceLocation { locations[key] ?? location }

    mutating func set<Value>(
        _ key: SteeringKey, _ part: WritableKeyPath<SteeringPolicy, Value>, _ value: Value?,
        at location: SourceLocation
    ) {
        guard let value else { return }
        policy[keyPath: part] = value
        locations[key] = location
    }

    /// What is not said is taken from `other`, key by key.
    mutating func fill(from other: QueuesConfig) {
        for (key, location) in other.locations where locations[key] == nil {
            locations[key] = location
            switch key {
            case .channels: policy.channels = other.policy.channels
            case .shrinkChannels: policy.shrinksChannels = other.policy.shrinksChannels
            case .rps: policy.rps = other.policy.rps
            case .xps: policy.xps = other.policy.xps
            case .rfs: policy.rfs = other.policy.rfs
            case .irqAffinity: policy.irqAffinity = other.policy.irqAffinity
            case .cpus: policy.cpus = other.policy.cpus
            }
        }
    }
}

extension QueuesConfig? {
    /// What is not said is taken from `other`, key by key.
    mutating func fill(from other: QueuesConfig?) {
        guard let other else { return }
        guard var mine = self else {
            self = other
            return
        }
        mine.fill(from: other)
        self = mine
    }
}
