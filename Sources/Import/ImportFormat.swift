public import Netlink

/// Whose files are read.
public enum ImportFormat: String, Sendable, CaseIterable {
    /// As names and content tell, file by file.
    case auto
    /// Red Hat's `ifcfg-NAME` and what lies beside it.
    case ifcfg
    /// Debian's `interfaces`.
    case interfaces
    /// SUSE's `ifcfg-NAME`, `routes`, `ifroute-NAME`.
    case suse
    /// systemd-networkd's `.network` with drop-ins.
    case networkd
    /// `sysctl.conf`.
    case sysctl
}

/// Why there is no file.
public enum ImportError: Error, Hashable, Sendable {
    /// The kernel gave no answer: exit 71.
    case kernel(KernelError)
    /// There is no such path: exit 66.
    case noFile(path: String)
    /// Not ours to read, or no file that one reads: exit 77.
    case notPermitted(path: String, reason: String)
    /// Anything else that the system answered: exit 74.
    case unreadable(path: String, reason: String)
    /// Nothing there that describes an interface, or more than anybody writes: exit 65.
    case notUnderstood(reason: String, notes: [Note])
}

extension ImportError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .kernel(let error): "cannot \(error)"
        case .noFile(let path): "\(path): there is no such file"
        case .notPermitted(let path, let reason): "\(path) \(reason)"
        case .unreadable(let path, let reason): "\(path): \(reason)"
        case .notUnderstood(let reason, _): reason
        }
    }
}
