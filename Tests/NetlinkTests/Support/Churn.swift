import Glibc
import SystemPackage

/// `ip` going through the same lines over and over, as fast as it can.
struct Churn {
    private let group: pid_t

    init(_ lines: [String]) throws {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        let words = [
            "sh", "-c", "yes \"$1\" | timeout 60 ip -batch -", "sh", lines.joined(separator: "\n"),
        ]
        var pointers = words.map { strdup($0) } + [nil]
        defer { pointers.forEach { free($0) } }
        var child: pid_t = 0
        let spawned = posix_spawnp(&child, "sh", nil, &attributes, &pointers, environ)
        guard spawned == 0 else { throw Unexpected("no sh: \(Errno(rawValue: spawned))") }
        group = child
    }

    func stop() {
        kill(-group, SIGKILL)
        waitpid(group, nil, 0)
    }
}
