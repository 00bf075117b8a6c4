import ArgumentParser
import DataPlane
import Netlink
import Plist

extension Command {
    /// Reads the files and looks at the kernel.
    ///
    /// - Returns: the files' warnings among the others.
    func previewConfig(
        trust: ConfigFiles.Trust, _ planOptions: Plan.Options, _ report: inout Report
    ) throws(Failure) -> Preview {
        let stopwatch = Stopwatch()
        let (config, warnings) = try readConfig(trust: trust, &report)
        let read = stopwatch.microseconds
        var preview = try preview(.config(config), planOptions)
        preview.durations.read += read
        preview.warnings = warnings + preview.warnings
        return preview
    }

    func preview(_ goal: Session.Goal, _ options: Plan.Options) throws(Failure) -> Preview {
        let session = try session(on: try openKernel())
        do throws(SessionError) {
            return try session.preview(goal, options: options)
        } catch { throw Failure(error) }
    }

    /// One transaction; a signal stops it between two sends, and it is undone.
    ///
    /// - Parameter announcing: how often the neighbours are told of floating addresses that came
    ///   here; the first time is over when this returns.
    /// - Throws: also where the caller may not change the network.
    func carryOut(
        _ goal: Session.Goal, _ planOptions: Plan.Options,
        announcing count: Int = Announcement.usualCount
    ) throws(Failure) -> Outcome {
        try requirePrivilege()
        let kernel = try openKernel()
        var warnings: [Diagnostic] = []
        if case .config(let config) = goal {
            do throws(KernelError) {
                warnings = try kernel.awaitUdev(config)
            } catch { throw Failure(error) }
        }
        let interruption = Interruption()
        kernel.shouldStop = interruption.isRequested
        let session = try session(on: kernel)
        if count > 0 { session.announce = Announcer.send }
        var outcome: Outcome
        do throws(SessionError) {
            outcome = try session.carryOut(
                goal, options: planOptions, lockTimeout: options.lockTimeout)
        } catch { throw Failure(error) }
        outcome.warnings = warnings + outcome.warnings
        if count == 0 { outcome.announced = [] }
        if let error = Announcement.repeatDetached(outcome.announced, times: count - 1) {
            outcome.warnings.append(
                Diagnostic(.warning, "announcements are not repeated: cannot \(error)"))
        }
        return outcome
    }

    func requirePrivilege() throws(Failure) {
        guard Privilege.canChangeNetwork else {
            throw Failure(
                .notPermitted, "\(Self._commandName) needs CAP_NET_ADMIN; run it as root")
        }
    }

    func openKernel() throws(Failure) -> NetlinkKernel {
        do throws(KernelError) { return try NetlinkKernel() } catch { throw Failure(error) }
    }

    func session(on kernel: NetlinkKernel) throws(Failure) -> Session {
        do throws(SessionError) {
            return try Session(
                kernel: kernel, stateDirectory: options.stateDir, libDirectory: options.libDir)
        } catch { throw Failure(error) }
    }
}
