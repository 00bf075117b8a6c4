import Glibc

/// Tells the service manager how it goes. Equivalent to `sd_notify(3)`; without `$NOTIFY_SOCKET`
/// nobody wants to know.
struct Notifier {
    private let address: [UInt8]?
    /// `$WATCHDOG_USEC`, halved; nil where nobody waits for a sign of life.
    let signOfLife: Duration?

    init(environment: (String) -> String?) {
        let path = environment("NOTIFY_SOCKET") ?? ""
        // A name that begins with @ is an abstract one, of any bytes behind a NUL.
        address =
            path.hasPrefix("@")
            ? [0] + path.utf8.dropFirst()
            : path.hasPrefix("/") ? Array(path.utf8) : nil
        let isMine = environment("WATCHDOG_PID").map { $0 == "\(getpid())" } ?? true
        let limit = environment("WATCHDOG_USEC").flatMap(Int64.init)
        guard let limit, limit > 0, isMine, address != nil else {
            signOfLife = nil
            return
        }
        signOfLife = .microseconds(limit) / 2
    }

    func ready() { send("READY=1") }

    func status(_ status: String) { send("STATUS=\(status)", patiently: false) }

    func reloading() {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let microseconds = Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
        send("RELOADING=1\nMONOTONIC_USEC=\(microseconds)")
    }

    func stopping() { send("STOPPING=1") }

    func alive() { send("WATCHDOG=1", patiently: false) }

    /// A manager that does not listen is none of our troubles, and does not hold us up: its queue
    /// is short (`net.unix.max_dgram_qlen`), and a send to a full one sleeps.
    ///
    /// - Parameter patiently: what must not be lost is given a second.
    private func send(_ message: String, patiently: Bool = true) {
        guard let address else { return }
        var name = sockaddr_un()
        guard address.count < MemoryLayout.size(ofValue: name.sun_path) else { return }
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: address) }
        let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let flags = Int32(MSG_NOSIGNAL) | (patiently ? 0 : Int32(MSG_DONTWAIT))
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        let length = socklen_t(offset + address.count)
        let bytes = Array(message.utf8)
        _ = withUnsafePointer(to: name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, flags, $0, length)
            }
        }
    }
}
