/// What every command takes, before its name or after it.
struct GlobalOptions {
    enum Format: String, CaseIterable {
        case text, json, shell
    }

    enum Coloring: String {
        case auto, always, never
    }

    var config = "/etc/rtsetup/rtsetup.plist"
    var stateDir = "/run/rtsetup"
    var libDir = "/var/lib/rtsetup"
    var format = Format.text
    var verbose = false
    var quiet = false
    var color = Coloring.auto
    var lockTimeout = 10.0

    static let all: [Option<GlobalOptions>] = [
        .value("config", "file", "The file to read (default: /etc/rtsetup/rtsetup.plist).") {
            $0.config = $1
        },
        .value("state-dir", "dir", "What is kept until the next boot (default: /run/rtsetup).") {
            $0.stateDir = $1
        },
        .value("lib-dir", "dir", "What is kept across boots (default: /var/lib/rtsetup).") {
            $0.libDir = $1
        },
        .value("format", "format", "text or json; plan also: shell (default: text).") {
            options, word in Format(rawValue: word).map { options.format = $0 }
        },
        .flag("verbose", "Show the stages and their times on standard error.") {
            $0.verbose = true
        },
        .flag("quiet", "Say nothing but errors.") { $0.quiet = true },
        .value("color", "when", "auto, always or never (default: auto).") {
            options, word in Coloring(rawValue: word).map { options.color = $0 }
        },
        .value("lock-timeout", "seconds", "How long to wait for another rtsetup (default: 10).") {
            options, word in
            Double(word).flatMap { (0..<1e6).contains($0) ? options.lockTimeout = $0 : nil }
        },
    ]
}
