import Glibc
import SystemPackage

/// Results go to standard output, everything else to standard error.
enum Console {
    static func print(_ text: String) { write(text, to: .standardOutput) }

    static func tell(_ text: String) { write(text, to: .standardError) }

    static func complain(_ failure: Run.Failure) { tell("error: \(failure)\n") }

    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// A reader that went away is not our error: there is nobody left to tell.
    private static func write(_ text: String, to file: FileDescriptor) {
        _ = try? file.writeAll(text.utf8)
    }
}
