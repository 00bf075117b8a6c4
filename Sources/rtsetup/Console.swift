import SystemPackage

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Standard output and error: what belongs together goes out in one write.
enum Console {
    static func print(_ text: String) { write(text, to: .standardOutput) }

    static func complain(_ text: String) { write(text, to: .standardError) }

    /// A reader that went away is not our error: there is nobody left to tell.
    private static func write(_ text: String, to file: FileDescriptor) {
        guard !text.isEmpty else { return }
        _ = try? file.writeAll(text.utf8)
    }

    /// Whether escape sequences are welcome on standard output.
    static var isColorTerminal: Bool {
        isatty(STDOUT_FILENO) == 1 && (variable("NO_COLOR") ?? "").isEmpty
            && variable("TERM") != "dumb"
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
