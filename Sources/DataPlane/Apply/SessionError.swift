public import Netlink
public import Plist

/// Why a run ended before it changed anything.
public enum SessionError: Error, Hashable, Sendable {
    /// An interface or a table is not available, or something foreign is in the way (69).
    case unavailable([Diagnostic])
    /// The kernel gave no consistent answer (71).
    case inconsistent(KernelError)
    /// A file of ours cannot be read or written (74).
    case file(FileError)
    /// The bindings cannot be read or understood, and nothing can stand in for them (74).
    case badBindings([Diagnostic])
    /// Another rtsetup holds the lock (75); its file.
    case locked(String)
    /// Another run has changed what is remembered since the caller looked.
    case superseded
}
