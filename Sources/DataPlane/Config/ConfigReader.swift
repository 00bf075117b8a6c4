public import Plist

/// Makes a `Config` of the files' text.
public enum ConfigReader {
    /// More would help nobody.
    private static let maximumDiagnostics = 500

    /// Reads the main file and its drop-ins.
    ///
    /// - Parameter sources: the main file first, then the drop-ins in name order.
    /// - Returns: the configuration, and warnings in the order of the files.
    /// - Throws: every problem of every file at once.
    public static func read(
        _ sources: [SourceText]
    ) throws(ConfigError) -> (config: Config, warnings: [Diagnostic]) {
        let readings = sources.map(PlistReader.read)
        return try read(
            readings.map(\.root), of: sources.map(\.file), readings.flatMap(\.diagnostics))
    }

    /// Checks a file that is not text yet: what a program is about to write.
    ///
    /// - Parameter root: each node's location is where its writer found it.
    /// - Throws: every problem at once.
    package static func check(
        _ root: PlistNode
    ) throws(ConfigError) -> (config: Config, warnings: [Diagnostic]) {
        try read([root], of: [root.location.file], [])
    }

    private static func read(
        _ roots: [PlistNode?], of files: [String], _ problems: [Diagnostic]
    ) throws(ConfigError) -> (config: Config, warnings: [Diagnostic]) {
        var reader = TreeReader()
        var config = merge(roots, &reader).map { check($0, &reader) } ?? Config()
        config.files = files

        let isSilent = reader.diagnostics.isEmpty && config.notBuiltYet.isEmpty
        let paths = KeyPaths(isSilent ? [] : roots.compactMap { $0 })
        func placed(_ diagnostic: Diagnostic) -> Diagnostic {
            var diagnostic = diagnostic
            diagnostic.keyPath = diagnostic.location.map { paths[$0] } ?? ""
            return diagnostic
        }
        config.notBuiltYet = config.notBuiltYet.map(placed)
        let diagnostics = inFileOrder(
            problems + reader.diagnostics.map(placed), files)
        guard diagnostics.allSatisfy({ $0.severity == .warning }) else {
            throw ConfigError(diagnostics: diagnostics)
        }
        return (config, diagnostics)
    }

    /// nil where no file could be read.
    private static func merge(
        _ roots: [PlistNode?], _ reader: inout TreeReader
    ) -> ConfigDraft? {
        var merged: ConfigDraft?
        for (index, root) in roots.enumerated() {
            guard let root else { continue }
            let draft = reader.file(root, isMain: index == 0)
            if merged == nil {
                merged = draft
            } else {
                merged?.merge(draft, &reader)
            }
        }
        guard var merged else { return nil }
        if roots.contains(nil) { merged.isIncomplete = true }
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
