internal import CNL
import Glibc
import Netlink
import SystemPackage

/// The signals that `watch` lives by, as something to poll: SIGHUP, SIGTERM, SIGINT.
final class SignalSource {
    let descriptor: Int32

    /// Holds them back from the calling thread from now on.
    init() throws(KernelError) {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in [SIGHUP, SIGTERM, SIGINT] { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        descriptor = signalfd(-1, &set, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK))
        guard descriptor >= 0 else {
            throw KernelError("wait for signals", Errno(rawValue: errno))
        }
    }

    deinit { close(descriptor) }

    /// The next one that has come; nil: none.
    func next() -> Int32? {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        guard read(descriptor, &info, size) == size else { return nil }
        return Int32(bitPattern: info.ssi_signo)
    }
}
