import Glibc
import Logging

/// The log of a service: lines on standard error, each with its level. Under systemd the level is
/// a syslog prefix (`sd-daemon(3)`), which the journal takes off again.
struct ServiceLog: LogHandler {
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]
    private let isJournal =
        getenv("JOURNAL_STREAM") != nil || getenv("INVOCATION_ID") != nil

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let prefix = isJournal ? "<\(event.level.priority)>" : "\(event.level.rawValue): "
        let lines = event.message.description.split(separator: "\n")
        let text = lines.enumerated().map { number, line in
            // The journal makes an entry of each line; for people a message is one.
            (number == 0 || isJournal ? prefix : "") + line + "\n"
        }
        Console.complain(text.joined())
    }
}

extension Logger.Level {
    /// `LOG_ERR` and its like, from syslog(3).
    fileprivate var priority: Int32 {
        switch self {
        case .trace, .debug: LOG_DEBUG
        case .info: LOG_INFO
        case .notice: LOG_NOTICE
        case .warning: LOG_WARNING
        case .error: LOG_ERR
        case .critical: LOG_CRIT
        }
    }
}
