public import Plist

/// Makes a `Config` of the files' text.
public enum ConfigReader {
    /// More would help nobody.
    private static let maximumDiagnostics = 500

    /// Reads the main file, its drop-ins, and the discovered file.
    ///
    /// - Returns: the configuration, and warnings in the order of the files.
    /// - Throws: every problem of every file at once.
    public static func read(
        _ files: ConfigFiles
    ) throws(ConfigError) -> (config: Config, warnings: [Diagnostic]) {
        let discovered = files.discovery?.source.map(PlistReader.read)
        let dropIns = files.dropIns.map(PlistReader.read)
        let readings = [files.mainReading, discovered].compactMap { $0 } + dropIns
        let roots = Roots(
            main: files.mainReading?.root, discovered: discovered?.root,
            dropIns: dropIns.compactMap(\.root),
            count: readings.count)
        return try read(
            roots, of: files.paths, discovery: files.discovery?.outline,
            readings.flatMap(\.diagnostics))
    }

    /// Reads one file alone.
    package static func read(
        _ main: SourceText
    ) throws(ConfigError) -> (config: Config, warnings: [Diagnostic]) {
        try read(ConfigFiles(mainPath: main.file, main: main))
    }

    /// Checks a file that is not text yet: what a program is about to write.
    ///
    /// - Parameter root: each node's location is where its writer found it.
    /// - Throws: every problem at once.
    package static func check(
        _ root: PlistNode
    ) throws(ConfigError) -> (config: Config, warnings: [Diagnostic]) {
        try read(Roots(main: root), of: [root.location.file], discovery: nil, [])
    }

    /// What could be read of each file.
    private struct Roots {
        var main: PlistNode?
        var discovered: PlistNode?
        var dropIns: [PlistNode] = []
        /// Of the files, readable or not.
        var count = 1

        var all: [PlistNode] { [main, discovered].compactMap { $0 } + dropIns }
        var isComplete: Bool { all.count == count }
    }

    private static func read(
        _ roots: Roots, of files: [String], discovery: Discovery?, _ problems: [Diagnostic]
    ) throws(ConfigError) -> (config: Config, warnings: [Diagnostic]) {
        var reader = TreeReader()
        var config = merge(roots, &reader).map { check($0, &reader) } ?? Config()
        config.files = files
        config.discovery = discovery
        if let discovery, !discovery.isRead, let location = discovery.location {
            reader.warn(
                "there is no \(discovery.path) yet; what it adds is configured when it appears",
                at: location)
        }

        let paths = KeyPaths(reader.diagnostics.isEmpty ? [] : roots.all)
        func placed(_ diagnostic: Diagnostic) -> Diagnostic {
            var diagnostic = diagnostic
            diagnostic.keyPath = diagnostic.location.map { paths[$0] } ?? ""
            return diagnostic
        }
        let diagnostics = inFileOrder(problems + reader.diagnostics.map(placed), files)
        guard diagnostics.allSatisfy({ $0.severity == .warning }) else {
            throw ConfigError(diagnostics: diagnostics)
        }
        return (config, diagnostics)
    }

    /// nil where the main file could not be read.
    private static func merge(_ roots: Roots, _ reader: inout TreeReader) -> ConfigDraft? {
        var merged = roots.main.map { reader.file($0, isMain: true) }
        if let root = roots.discovered {
            let draft = reader.discoveredFile(root)
            // Without a main file it stands for it.
            if merged == nil, roots.isComplete { merged = ConfigDraft(location: root.location) }
            merged?.complete(with: draft, &reader)
        }
        for root in roots.dropIns {
            let draft = reader.file(root, isMain: false)
            if merged == nil {
                merged = draft
            } else {
                merged?.merge(draft, &reader)
            }
        }
        guard var merged else { return nil }
        if !roots.isComplete { merged.isIncomplete = true }
        for index in merged.interfaces.indices {
            // What the unreadable part says about it is not known.
            if merged.isIncomplete, roots.count > 1 {
                merged.interfaces[index].uncertain = Set(InterfaceKey.allCases)
            }
            merged.defaults.map { merged.interfaces[index].apply(defaults: $0) }
        }
        return merged
    }

    private static func check(_ draft: ConfigDraft, _ reader: inout TreeReader) -> Config {
        var checker = ConfigChecker(draft: draft, reader: reader)
        checker.check()
        reader = checker.reader
        return draft.config
    }

    /// Stable: what was found first at a place stays first. What `Defaults` does wrong for several
    /// interfaces is said once.
    private static func inFileOrder(
        _ diagnostics: [Diagnostic], _ files: [String]
    ) -> [Diagnostic] {
        let order = Dictionary(zip(files, files.indices), uniquingKeysWith: { first, _ in first })
        var seen: Set<Diagnostic> = []
        let sorted = diagnostics.filter { seen.insert($0).inserted }.enumerated().map {
            offset, diagnostic in
            let location = diagnostic.location
            let file = location.flatMap { order[$0.file] } ?? -1
            return (diagnostic, [file, location?.line ?? 0, location?.column ?? 0, offset])
        }
        .sorted { $0.1.lexicographicallyPrecedes($1.1) }
        .map(\.0)
        guard sorted.count > maximumDiagnostics + 1 else { return sorted }
        let last = Diagnostic(
            .error, at: sorted[maximumDiagnostics].location,
            "too many problems; \(sorted.count - maximumDiagnostics) more are not shown")
        return sorted.prefix(maximumDiagnostics) + [last]
    }
}
