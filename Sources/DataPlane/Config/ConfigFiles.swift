import Netlink
public import Plist
import SystemPackage

import Glibc

/// The main file, its drop-ins and the discovered file.
public struct ConfigFiles: Sendable {
    /// The path of the main file, as it was given.
    public var mainPath: String
    /// nil where there is none: the discovered file stands for it.
    public private(set) var main: SourceText?
    /// The main file's tree, which says whether there is a `Discovery`.
    let mainReading: PlistReader.Reading?
    /// In name order.
    public var dropIns: [SourceText] = []
    public var discovery: DiscoveredFile?
    /// Files that only root should trust, where that is not demanded.
    public var warnings: [Diagnostic] = []

    /// What `Discovery` names.
    public struct DiscoveredFile: Hashable, Sendable {
        public var path: String
        /// nil where there is no main file.
        public var location: SourceLocation?
        /// nil while it is not there.
        public var source: SourceText?

        public init(path: String, location: SourceLocation? = nil, source: SourceText? = nil) {
            self.path = path
            self.location = location
            self.source = source
        }

        var outline: Discovery {
            Discovery(path: path, location: location, isRead: source != nil)
        }
    }

    /// - Parameter main: nil where there is none.
    public init(mainPath: String, main: SourceText?) {
        self.mainPath = mainPath
        self.main = main
        mainReading = main.map(PlistReader.read)
    }

    /// What was read.
    public var sources: [SourceText] {
        [main].compactMap { $0 } + dropIns + [discovery?.source].compactMap { $0 }
    }

    /// What `watch` follows, the main file first, there or not.
    var paths: [String] {
        [mainPath] + dropIns.map(\.file) + [discovery?.path].compactMap { $0 }
    }

    /// Who may have written the files.
    public enum Trust: Sendable {
        /// Root or the caller, and nobody else can: for what changes the kernel.
        case required
        /// Anybody; a warning says so.
        case advised
    }

    /// `--config`, unless it is given.
    public static let usualMainPath = "/etc/rtsetup/rtsetup.plist"
    /// Where rtdiscover writes.
    public static let usualDiscoveredPath = "/run/rtdiscover/discovered.plist"

    /// Reads `main`, next to it `rtsetup.d/*.plist` in name order, and what `Discovery` names.
    ///
    /// Symbolic links are followed; what they lead to is judged. What is no regular file, a pipe
    /// for instance, is read only where trust is advised, once, and not for ever: a FIFO that
    /// nobody writes to is an error after `patience` seconds. A discovered file that is not there
    /// is no error.
    /// - Parameters:
    ///   - main: a path, or `-` for the standard input alone, which is waited for. Where there is
    ///     no main file at all, neither this nor the usual one, `discovered` stands for it.
    /// - Throws: the first file that cannot be read or trusted. No drop-in folder is no error.
    public static func load(
        main: String, trust: Trust, usualMain: String = usualMainPath,
        discovered: String = usualDiscoveredPath
    ) throws(ConfigFilesError) -> ConfigFiles {
        if main == "-" {
            guard trust == .advised else {
                throw .notPermitted(path: "<stdin>", reason: "is not a regular file")
            }
            let bytes = try TrustedFile.read(.standardInput, path: "<stdin>")
            return ConfigFiles(
                mainPath: "<stdin>", main: SourceText(file: "<stdin>", bytes: bytes))
        }
        var warnings: [Diagnostic] = []
        var files: ConfigFiles
        do {
            files = ConfigFiles(
                mainPath: main, main: try TrustedFile.open(main, trust: trust, reporting: &warnings)
            )
            if let node = files.mainReading?.discoveryFile, case .string(let path) = node.content,
                path.hasPrefix("/")
            {
                files.discovery = DiscoveredFile(path: path, location: node.location)
            }
        } catch .noFile(let path) {
            // A slip in --config must not take away what the usual file gives.
            guard path == usualMain || access(usualMain, F_OK) != 0,
                access(discovered, F_OK) == 0
            else { throw .noFile(path: path) }
            files = ConfigFiles(mainPath: main, main: nil)
            files.discovery = DiscoveredFile(path: discovered)
            if main != usualMain {
                warnings.append(Diagnostic(.warning, "there is no \(main); using \(discovered)"))
            }
        }
        if let path = files.discovery?.path {
            do {
                files.discovery?.source = try TrustedFile.open(
                    path, trust: trust, isDiscovered: true, reporting: &warnings)
            } catch .noFile {
                if files.main == nil { throw .noFile(path: main) }
            }
        }
        for path in try dropIns(of: main) {
            do {
                files.dropIns.append(try TrustedFile.open(path, trust: trust, reporting: &warnings))
            } catch .noFile {
                // It is in the folder, so that it is a link.
                throw .notPermitted(path: path, reason: "is a symbolic link to nothing")
            }
        }
        files.warnings = warnings
        return files
    }

    /// One file of ours, which nobody else may have written; nil where there is none.
    static func own(_ path: String) throws(ConfigFilesError) -> SourceText? {
        var warnings: [Diagnostic] = []
        do {
            return try TrustedFile.open(path, trust: .required, reporting: &warnings)
        } catch .noFile {
            return nil
        }
    }

    static func dropInFolder(of main: String) -> String {
        FilePath(main).removingLastComponent().appending("rtsetup.d").string
    }

    /// `*.plist` in `rtsetup.d` beside the main file; as a shell's glob, no hidden ones.
    private static func dropIns(of main: String) throws(ConfigFilesError) -> [String] {
        let folder = dropInFolder(of: main)
        var names: [String]
        do throws(Errno) {
            names = try Folder.names(in: folder)
        } catch {
            if error == .noSuchFileOrDirectory || error == .notDirectory { return [] }
            throw ConfigFilesError(path: folder, opening: error)
        }
        names.removeAll { !$0.hasSuffix(".plist") || $0.hasPrefix(".") }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { "\(folder)/\($0)" }
    }
}

extension PlistReader.Reading {
    /// The value of `Discovery`'s `File`.
    fileprivate var discoveryFile: PlistNode? {
        root?["Discovery"]?["File"]
    }
}

extension PlistNode {
    fileprivate subscript(key: String) -> PlistNode? {
        guard case .dictionary(let entries) = content else { return nil }
        return entries.first { $0.key == key }?.value
    }
}
