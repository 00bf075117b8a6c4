import Plist

/// `Testing` has a type of this name as well.
typealias SourceLocation = Plist.SourceLocation

/// What a text reads as, in the form the tables below compare.
func read(_ text: String, file: String = "f") -> (value: PlistValue?, problems: [String]) {
    read(Array(text.utf8), file: file)
}

func read(_ bytes: [UInt8], file: String = "f") -> (value: PlistValue?, problems: [String]) {
    let reading = PlistReader.read(SourceText(file: file, bytes: bytes))
    let problems = reading.diagnostics.map { diagnostic in
        let place = diagnostic.location.map { "\($0.line):\($0.column): " } ?? ""
        return place + diagnostic.message
    }
    return (reading.root?.value, problems)
}

/// SplitMix64: the same numbers from the same seed, everywhere.
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
}
