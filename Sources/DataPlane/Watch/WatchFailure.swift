public import Netlink

/// Why `watch` did not begin, or ended without being told to.
public enum WatchFailure: Error {
    /// No configuration to keep.
    case configuration(ConfigurationFailure)
    case session(SessionError)
    /// Another `watch` keeps this namespace.
    case alreadyWatched
    /// The kernel gives no events.
    case kernel(KernelError)
}
