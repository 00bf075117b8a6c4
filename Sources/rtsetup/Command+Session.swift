import ArgumentParser
import DataPlane
import Netlink

extension Command {
    /// A session that only looks.
    func openSession() throws(Failure) -> Session { try session(on: try openKernel()) }

    /// A session that may change the kernel; a signal stops it between two sends.
    ///
    /// - Throws: where the caller may not change the network.
    func openWritingSession() throws(Failure) -> Session {
        guard Privilege.canChangeNetwork else {
            throw Failure(
                .notPermitted, "\(Self._commandName) needs CAP_NET_ADMIN; run it as root")
        }
        let kernel = try openKernel()
        let interruption = Interruption()
        kernel.shouldStop = interruption.isRequested
        return try session(on: kernel)
    }

    private func openKernel() throws(Failure) -> NetlinkKernel {
        do throws(KernelError) { return try NetlinkKernel() } catch { throw Failure(error) }
    }

    private func session(on kernel: NetlinkKernel) throws(Failure) -> Session {
        do throws(SessionError) {
            return try Session(
                kernel: kernel, stateDirectory: options.stateDir, libDirectory: options.libDir)
        } catch { throw Failure(error) }
    }
}
