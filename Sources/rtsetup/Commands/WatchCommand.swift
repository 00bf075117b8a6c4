import ArgumentParser
import DataPlane
import Glibc
import Logging
import Netlink
import Plist

struct WatchCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Stay, and repair whatever comes to differ from the file.")

    @Flag(help: "Print the plan instead.")
    var dryRun = false

    @OptionGroup var options: GlobalOptions

    func execute(_ report: inout Report) throws(Failure) -> ExitStatus {
        if dryRun {
            try report.show(try previewConfig(trust: .required, .init(), &report))
            return .done
        }
        try requirePrivilege()
        let kernel = try openKernel()
        let session = try session(on: kernel)
        session.announce = announce
        // Nobody waits for those that repeat announcements,
        signal(SIGCHLD, SIG_IGN)
        // and a host is kept whether or not somebody reads the log.
        signal(SIGPIPE, SIG_IGN)
        do throws(WatchFailure) {
            try Watch.run(
                session, port: kernel.portID, path: options.config, log: log,
                explain: { OutcomePrintout($0).errors })
        } catch {
            if case .configuration(.wrong(_, let sources)) = error { report.sources = sources }
            throw Failure(error)
        }
        return .done
    }

    /// As `apply` does, whoever has moved the addresses.
    private func announce(
        _ announcements: [NeighbourAnnouncement], on links: [Link]
    ) -> [Diagnostic] {
        var warnings = Announcer.send(announcements, links: links)
        let count = Announcement.usualCount - 1
        if let error = Announcement.repeatDetached(announcements, times: count) {
            warnings.append(
                Diagnostic(.warning, "announcements are not repeated: cannot \(error)"))
        }
        return warnings
    }

    private var log: Logger {
        var log = Logger(label: "rtsetup") { _ in ServiceLog() }
        log.logLevel = options.verbose ? .debug : options.quiet ? .error : .info
        return log
    }
}

extension Failure {
    fileprivate init(_ error: WatchFailure) {
        switch error {
        case .configuration(.files(let error)): self.init(error)
        case .configuration(.wrong(let diagnostics, _)): self.init(.badFile, diagnostics)
        case .session(let error): self.init(error)
        case .alreadyWatched:
            self.init(.locked, "another rtsetup watch is running here")
        case .kernel(let error): self.init(error)
        }
    }
}
