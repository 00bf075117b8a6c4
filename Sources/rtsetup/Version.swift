enum Version {
    static let current = "0.1.0"
    static var line: String { "rtsetup \(current)\n" }
}
