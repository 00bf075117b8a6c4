import DataPlane
import Netlink
import Plist
import SystemPackage

/// A run that ends with nothing to tell but why: it has changed nothing, or could not print what.
struct Failure: Error {
    var status: ExitStatus
    var diagnostics: [Diagnostic]

    init(_ status: ExitStatus, _ diagnostics: [Diagnostic]) {
        self.status = status
        self.diagnostics = diagnostics
    }

    init(_ status: ExitStatus, _ message: String) {
        self.init(status, [Diagnostic(.error, message)])
    }

    var json: JSON {
        .object([
            "version": .integer(1),
            "error": .object([
                "exit": .number(status.rawValue), "diagnostics": .array(diagnostics.map(\.json)),
            ]),
        ])
    }
}

extension Failure {
    init(_ error: ConfigFilesError) {
        let status: ExitStatus =
            switch error {
            case .noFile: .noFile
            case .notPermitted: .notPermitted
            case .unreadable: .state
            }
        self.init(status, "\(error)")
    }

    init(_ error: KernelError) {
        self.init(error.errno.isPermission ? .notPermitted : .noAnswer, "cannot \(error)")
    }

    init(_ error: SessionError) {
        switch error {
        case .unavailable(let conflicts): self.init(.unavailable, conflicts)
        case .inconsistent(let error): self.init(error)
        case .file(let error):
            self.init(error.errno.isPermission ? .notPermitted : .state, "\(error)")
        case .badBindings(let problems): self.init(.state, problems)
        case .locked(let file):
            self.init(.locked, "another rtsetup holds \(file); wait longer with --lock-timeout")
        case .superseded: self.init(.locked, "another rtsetup came between; run this again")
        }
    }
}

extension Failure {
    /// What was printed did not arrive (half a script looks whole); nil: it did, or the run failed
    /// of itself, which weighs more.
    ///
    /// - Parameter status: how the run itself ended.
    init?(losing status: ExitStatus) {
        guard let errno = Console.outputFailure, status == .done || status == .pending else {
            return nil
        }
        self.init(
            .state,
            "cannot write standard output: \(errno) (errno \(errno.rawValue)); "
                + "the command itself ended with \(status.rawValue)")
    }
}
