import Glibc
import SystemPackage

/// A finished process: what it said and how it ended.
struct Subprocess {
    var status: Int32
    var output: String
    var errors: String

    /// Runs a program to its end. What it says goes to files, so that no pipe can fill up.
    ///
    /// - Throws: the `Errno` of `posix_spawn` or of the files.
    init(_ arguments: [String], input: String = "", environment: [String] = []) throws {
        let folder = FilePath("/tmp/rtsetup-test-\(getpid())-\(UInt64.random(in: 0 ... .max))")
        guard mkdir(folder.string, 0o700) == 0 else { throw Errno(rawValue: errno) }
        defer { Self.remove(folder) }
        let paths = ["stdin", "stdout", "stderr"].map { folder.appending($0) }
        for path in paths {
            let file = try FileDescriptor.open(
                path, .writeOnly, options: .create, permissions: .ownerReadWrite)
            if path == paths[0] { try file.writeAll(input.utf8) }
            try file.close()
        }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, path) in paths.enumerated() {
            let mode = number == 0 ? O_RDONLY : O_WRONLY
            posix_spawn_file_actions_addopen(&actions, Int32(number), path.string, mode, 0)
        }
        let inherited = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"]
        var process: pid_t = 0
        let result = Self.withCStrings(arguments) { argv in
            Self.withCStrings(inherited + environment) { envp in
                posix_spawnp(&process, arguments[0], &actions, nil, argv, envp)
            }
        }
        guard result == 0 else { throw Errno(rawValue: result) }
        var wait: Int32 = 0
        while waitpid(process, &wait, 0) == -1 {
            guard errno == EINTR else { throw Errno(rawValue: errno) }
        }
        status = wait & 0x7F == 0 ? wait >> 8 & 0xFF : -(wait & 0x7F)
        output = try Self.read(paths[1])
        errors = try Self.read(paths[2])
    }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let pointers = strings.map { strdup($0) }
        defer { pointers.forEach { free($0) } }
        return body(pointers + [nil])
    }

    private static func read(_ path: FilePath) throws -> String {
        let file = try FileDescriptor.open(path, .readOnly)
        return try file.closeAfter {
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 65536)
            while case let count = try chunk.withUnsafeMutableBytes({ try file.read(into: $0) }),
                count > 0
            {
                bytes += chunk[..<count]
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    private static func remove(_ folder: FilePath) {
        for name in ["stdin", "stdout", "stderr"] { unlink(folder.appending(name).string) }
        rmdir(folder.string)
    }

    /// Runs a shell script in a network namespace of its own; the host is never touched.
    static func inNamespace(_ script: String) throws -> Subprocess {
        let unshare = getuid() == 0 ? ["unshare", "-n"] : ["unshare", "-rn"]
        return try Subprocess(unshare + ["sh", "-eu"], input: script)
    }
}

extension Subprocess {
    /// The binary that was built with these tests.
    static var rtsetup: String {
        get throws {
            guard let path = realpath("/proc/self/exe", nil) else { throw Errno(rawValue: errno) }
            defer { free(path) }
            let tests = FilePath(platformString: path)
            return tests.removingLastComponent().appending("rtsetup").string
        }
    }

    static func rtsetup(
        _ arguments: String..., input: String = "", environment: [String] = []
    ) throws -> Subprocess {
        try Subprocess([try rtsetup] + arguments, input: input, environment: environment)
    }
}
