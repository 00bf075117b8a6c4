/// How a run ended. Scripts rely on these numbers.
enum ExitStatus: Int32, Error {
    case done = 0
    /// Refused by the kernel, or interrupted, and undone.
    case undone = 1
    /// Changes are pending (`--detailed-exitcode`).
    case pending = 2
    /// Failed and not undone completely.
    case stuck = 3
    /// `EX_USAGE`.
    case usage = 64
    /// `EX_DATAERR`: the file is wrong.
    case badFile = 65
    /// `EX_NOINPUT`: no file.
    case noFile = 66
    /// `EX_UNAVAILABLE`: something is not there, or in the way.
    case unavailable = 69
    /// `EX_SOFTWARE`: a bug of ours.
    case bug = 70
    /// `EX_OSERR`: the kernel gave no consistent answer.
    case noAnswer = 71
    /// `EX_IOERR`: a file cannot be read, or the state folder or standard output not written.
    case state = 74
    /// `EX_TEMPFAIL`: another rtsetup holds the lock.
    case locked = 75
    /// `EX_NOPERM`.
    case notPermitted = 77
}
