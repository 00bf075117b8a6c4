import Plist

extension Diagnostic {
    /// `path:line:column: error: message`, as compilers write it.
    var text: String { (location.map { "\($0): " } ?? "") + "\(severity.rawValue): \(message)\n" }
}
