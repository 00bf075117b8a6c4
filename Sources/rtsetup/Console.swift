import Synchronization
import SystemPackage

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Standard output and error: what belongs together goes out in one write.
enum Console {
    private static let firstFailure = Atomic<CInt>(0)

    /// Why something that was printed is not where it should be; nil: it is.
    static var outputFailure: Errno? {
        let code = firstFailure.load(ordering: .relaxed)
        return code == 0 ? nil : Errno(rawValue: code)
    }

    static func print(_ text: String) {
        guard let errno = write(text, to: .standardOutput) else { return }
        _ = firstFailure.compareExchange(
            expected: 0, desired: errno.rawValue, ordering: .relaxed)
    }

    /// Where this cannot be written there is nobody left to tell.
    static func complain(_ text: String) { _ = write(text, to: .standardError) }

    /// A reader that has read enough (`| head`) is no failure: SIGPIPE ends this process as it does
    /// others, and where it is ignored, as services do, it counts as written.
    private static func write(_ text: String, to file: FileDescriptor) -> Errno? {
        guard !text.isEmpty else { return nil }
        do {
            try file.writeAll(text.utf8)
            return nil
        } catch {
            let errno = error as? Errno ?? .ioError
            return errno == .brokenPipe ? nil : errno
        }
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
