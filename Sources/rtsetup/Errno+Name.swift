import SystemPackage

extension Errno {
    /// The C constant's name, `EINVAL`; the number for what netlink and sysctls do not answer.
    ///
    /// The C library's own table, `strerrorname_np`, is hidden from Swift.
    var name: String {
        switch self {
        case .notPermitted: "EPERM"
        case .noSuchFileOrDirectory: "ENOENT"
        case .noSuchProcess: "ESRCH"
        case .interrupted: "EINTR"
        case .ioError: "EIO"
        case .argListTooLong: "E2BIG"
        case .resourceTemporarilyUnavailable: "EAGAIN"
        case .noMemory: "ENOMEM"
        case .permissionDenied: "EACCES"
        case .resourceBusy: "EBUSY"
        case .fileExists: "EEXIST"
        case .operationNotSupportedByDevice: "ENODEV"
        case .invalidArgument: "EINVAL"
        case .noSpace: "ENOSPC"
        case .readOnlyFileSystem: "EROFS"
        case .outOfRange: "ERANGE"
        case .notSupported: "EOPNOTSUPP"
        case .protocolError: "EPROTO"
        case .messageTooLong: "EMSGSIZE"
        case .protocolNotSupported: "EPROTONOSUPPORT"
        case .addressFamilyNotSupported: "EAFNOSUPPORT"
        case .addressInUse: "EADDRINUSE"
        case .addressNotAvailable: "EADDRNOTAVAIL"
        case .networkDown: "ENETDOWN"
        case .networkUnreachable: "ENETUNREACH"
        case .noBufferSpace: "ENOBUFS"
        case .noRouteToHost: "EHOSTUNREACH"
        case .overflow: "EOVERFLOW"
        case .timedOut: "ETIMEDOUT"
        default: "\(rawValue)"
        }
    }

    var isPermission: Bool { self == .notPermitted || self == .permissionDenied }
}
