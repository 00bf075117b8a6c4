public import Plist
import SystemPackage

import Glibc

/// The main file and its drop-ins, as bytes.
public struct ConfigFiles: Sendable {
    /// The main file first, then the drop-ins in name order.
    public var sources: [SourceText]
    /// Files that only root should trust, where that is not demanded.
    public var warnings: [Diagnostic]

    /// Who may have written the files.
    public enum Trust: Sendable {
        /// Root or the caller, and nobody else can: for what changes the kernel.
        case required
        /// Anybody; a warning says so.
        case advised
    }

    /// Reads `main` and, next to it, `rtsetup.d/*.plist` in name order.
    ///
    /// Symbolic links are followed; what they lead to is judged. Nothing that is not a regular
    /// file is read, so nothing hangs.
    /// - Parameter main: a path, or `-` for the standard input alone.
    /// - Throws: the first file that cannot be read or trusted. No drop-in folder is no error.
    public static func load(
        main: String, trust: Trust
    ) throws(ConfigFilesError) -> ConfigFiles {
        if main == "-" {
            let bytes = try read(.standardInput, path: "<stdin>")
            return ConfigFiles(
                sources: [SourceText(file: "<stdin>", bytes: bytes)], warnings: [])
        }
        var files = ConfigFiles(sources: [], warnings: [])
        try files.add(main, trust: trust)
        for path in try dropIns(of: main) {
            do {
                try files.add(path, trust: trust)
            } catch .noFile {
                // It is in the folder, so that it is a link.
                throw .notPermitted(path: path, reason: "is a symbolic link to nothing")
            }
        }
        return files
    }

    /// One file of ours, which nobody else may have written; nil where there is none.
    static func own(_ path: String) throws(ConfigFilesError) -> SourceText? {
        var files = ConfigFiles(sources: [], warnings: [])
        do {
            try files.add(path, trust: .required)
        } catch .noFile {
            return nil
        }
        return files.sources.first
    }

    private mutating func add(_ path: String, trust: Trust) throws(ConfigFilesError) {
        // A FIFO would wait for its writer.
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(
                FilePath(path), .readOnly, options: [.nonBlocking, .closeOnExec])
        } catch {
            throw ConfigFilesError(path: path, opening: error)
        }
        defer { try? file.close() }
        var status = stat()
        guard fstat(file.rawValue, &status) == 0 else {
            throw .unreadable(path: path, Errno(rawValue: errno))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .notPermitted(path: path, reason: "is not a regular file")
        }
        if let reason = Self.distrust(status) {
            guard trust == .advised else { throw .notPermitted(path: path, reason: reason) }
            warnings.append(
                Diagnostic(
                    .warning, at: SourceLocation(file: path, line: 1, column: 1),
                    "the file \(reason); apply refuses it"))
        }
        sources.append(SourceText(file: path, bytes: try Self.read(file, path: path)))
    }

    /// Why root should not act on what the file says.
    private static func distrust(_ status: stat) -> String? {
        if status.st_uid != 0, status.st_uid != geteuid() {
            return "belongs to user \(status.st_uid), neither root nor the caller"
        }
        if status.st_mode & (S_IWGRP | S_IWOTH) != 0 {
            return "can be written by its group or others; chmod go-w"
        }
        return nil
    }

    /// Stops behind the limit: the reader reports it.
    private static func read(
        _ file: FileDescriptor, path: String
    ) throws(ConfigFilesError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count <= PlistReader.maximumSize {
            do {
                let chunk = try [UInt8](unsafeUninitializedCapacity: 1 << 14) { buffer, count in
                    count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
                }
                if chunk.isEmpty { break }
                bytes += chunk
            } catch {
                throw .unreadable(path: path, error as? Errno ?? .ioError)
            }
        }
        return bytes
    }

    static func dropInFolder(of main: String) -> String {
        FilePath(main).removingLastComponent().appending("rtsetup.d").string
    }

    /// `*.plist` in `rtsetup.d` beside the main file; as a shell's glob, no hidden ones.
    private static func dropIns(of main: String) throws(ConfigFilesError) -> [String] {
        let folder = dropInFolder(of: main)
        guard let directory = opendir(folder) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw ConfigFilesError(path: folder, opening: Errno(rawValue: errno))
        }
        defer { closedir(directory) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".plist"), !name.hasPrefix(".") { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw .unreadable(path: folder, Errno(rawValue: errno)) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { "\(folder)/\($0)" }
    }
}
