/// SeededGenerator64: the same seed gives the same host on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// True in `percent` of 100 cases.
    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    /// One of them; nil only of none.
    mutating func one<C: Collection>(of choices: C) -> C.Element? {
        choices.randomElement(using: &self)
    }

    /// One of at least one.
    mutating func pick<Value>(_ first: Value, _ rest: Value...) -> Value {
        let index = number(0...rest.count)
        return index == 0 ? first : rest[index - 1]
    }
}
