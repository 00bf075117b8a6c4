import Plist

/// The files of all paths, sorted into the order in which their tools would read them.
struct ImportFiles {
    private static let maximumCount = 4096
    private static let maximumBytes = 16 << 20

    private(set) var tables: [SourceText] = []
    private(set) var ifcfgs: [SourceText] = []
    private(set) var routes: [SourceText] = []
    private(set) var interfaces: [SourceText] = []
    /// Each with its drop-ins behind it.
    private(set) var networks: [[SourceText]] = []
    private(set) var sysctls: [SourceText] = []
    private(set) var notes: [Note] = []
    private var count = 0
    private var bytes = 0
    private let format: ImportFormat

    init(_ format: ImportFormat) { self.format = format }

    init(_ paths: [String], _ format: ImportFormat) throws(ImportError) {
        self.init(format)
        for path in paths {
            if FileAccess.isFolder(path) {
                try addFolder(path)
            } else {
                try add(path, isAlone: true)
            }
        }
    }

    private mutating func addFolder(_ folder: String) throws(ImportError) {
        let names: [String]
        do throws(FileAccess.Problem) {
            names = try FileAccess.names(in: folder)
        } catch { throw Self.error(folder, error) }
        for name in names.sorted(by: { $0.precedesNaturally($1) }) {
            let path = FileAccess.join(folder, name)
            // What is below is read where a file leads there.
            if !FileAccess.isFolder(path) { try add(path, isAlone: false) }
        }
    }

    private mutating func add(_ path: String, isAlone: Bool) throws(ImportError) {
        let source: SourceText
        do throws(FileAccess.Problem) {
            source = try load(path)
        } catch {
            if isAlone { throw Self.error(path, error) }
            if case .notRegular = error, path.hasSuffix(".network") {
                notes.append(Note(nil, "\(path) is masked: not carried over"))
            } else {
                notes.append(Note(nil, "\(path) \(error.reason): not carried over"))
            }
            return
        }
        add(source, isAlone: isAlone)
    }

    /// - Parameter isAlone: somebody named it, rather than its folder.
    mutating func add(_ source: SourceText, isAlone: Bool) {
        let path = source.file
        switch kind(of: source, isAlone: isAlone) {
        case .ifcfg: ifcfgs.append(source)
        case .routes: routes.append(source)
        case .interfaces: interfaces.append(source)
        case .network: networks.append([source] + dropIns(of: source))
        case .sysctl: sysctls.append(source)
        case .tables: tables.append(source)
        case .idle: break
        case .foreign(let reason): notes.append(Note(nil, "\(path): not carried over: \(reason)"))
        case .unknown: notes.append(Note(nil, "\(path): not understood"))
        }
    }

    private func kind(of source: SourceText, isAlone: Bool) -> FileKind {
        let found = FileKind(source, isAlone: isAlone)
        if case .tables = found { return found }
        switch format {
        case .auto: return found
        case .ifcfg, .suse:
            switch found {
            case .ifcfg, .routes, .idle, .foreign: return found
            default: return isAlone ? .ifcfg : .unknown
            }
        case .interfaces: return isAlone || source.name == "interfaces" ? .interfaces : .idle
        case .networkd:
            if case .network = found { return found }
            return isAlone ? .network : found
        case .sysctl: return .sysctl
        }
    }

    /// `NAME.network.d/*.conf`.
    private mutating func dropIns(of source: SourceText) -> [SourceText] {
        let folder = source.file + ".d"
        guard let names = try? FileAccess.names(in: folder) else { return [] }
        return names.filter { $0.hasSuffix(".conf") && !$0.hasPrefix(".") }.compactMap { name in
            let path = FileAccess.join(folder, name)
            do throws(FileAccess.Problem) {
                return try load(path)
            } catch {
                notes.append(Note(nil, "\(path) \(error.reason): not carried over"))
                return nil
            }
        }
    }

    private mutating func load(_ path: String) throws(FileAccess.Problem) -> SourceText {
        count += 1
        guard count <= Self.maximumCount, bytes <= Self.maximumBytes else {
            throw .other("is one file more than is read (\(Self.maximumCount), 16 MiB)")
        }
        let source = try FileAccess.read(path)
        bytes += source.bytes.count
        return source
    }

    private static func error(_ path: String, _ problem: FileAccess.Problem) -> ImportError {
        switch problem {
        case .absent: .noFile(path: path)
        case .notPermitted, .notRegular: .notPermitted(path: path, reason: problem.reason)
        case .tooLarge:
            .notUnderstood(
                reason: "\(path) \(problem.reason); nobody writes such a file", notes: [])
        case .other: .unreadable(path: path, reason: problem.reason)
        }
    }
}
