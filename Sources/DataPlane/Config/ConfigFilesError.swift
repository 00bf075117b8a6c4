public import SystemPackage

/// A file that was not read, and why.
public enum ConfigFilesError: Error, Hashable, Sendable {
    /// There is no such file: exit 66.
    case noFile(path: String)
    /// Not a regular file, not ours to read, or others could have written it: exit 77.
    case notPermitted(path: String, reason: String)
    /// Anything else that the system answered: exit 74.
    case unreadable(path: String, Errno)

    init(path: String, opening error: any Error) {
        switch error as? Errno {
        case .noSuchFileOrDirectory, .notDirectory: self = .noFile(path: path)
        case .permissionDenied, .notPermitted:
            self = .notPermitted(path: path, reason: "cannot be read by the caller")
        case let errno: self = .unreadable(path: path, errno ?? .ioError)
        }
    }
}

extension ConfigFilesError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noFile(let path): "\(path): there is no such file"
        case .notPermitted(let path, let reason): "\(path) \(reason)"
        case .unreadable(let path, let errno): "\(path): \(errno) (errno \(errno.rawValue))"
        }
    }
}
