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
        var reader = TreeReader()
        let readings = sources.map(PlistReader.read)
        var config = merge(readings, &reader).map { check($0, &reader) } ?? Config()
        config.files = sources.map(\.file)

        let isSilent = reader.diagnostics.isEmpty && config.notBuiltYet.isEmpty
        let paths = KeyPaths(isSilent ? [] : readings.compactMap(\.root))
        func placed(_ diagnostic: Diagnostic) -> Diagnostic {
            var diagnostic = diagnostic
            diagnostic.keyPath = diagnostic.location.map { paths[$0] } ?? ""
            return diagnostic
        }
        config.notBuiltYet = config.notBuiltYet.map(placed)
        let diagnostics = inFileOrder(
            readings.flatMap(\.diagnostics) + reader.diagnostics.map(placed), config.files)
        guard diagnostics.allSatisfy({ $0.severity == .warning }) else {
            throw ConfigError(diagnostics: diagnostics)
        }
        return (config, diagnostics)
    }

    /// nil where no file could be read.
    private static func merge(
        _ readings: [PlistReader.Reading], _ reader: inout TreeReader
    ) -> ConfigDraft? {
        var merged: ConfigDraft?
        for (index, reading) in readings.enumerated() {
            guard let root = reading.root else { continue }
            let draft = reader.file(root, isMain: index == 0)
            if merged == nil {
                merged = draft
            } else {
                merged?.merge(draft, &reader)
            }
        }
        guard var merged else { return nil }
        if readings.contains(where: { $0.root == nil }) { merged.isIncomplete = true }
        for index in merged.interfaces.indices {
            // What the unreadable part says about it is not known.
            if merged.isIncomplete, readings.count > 1 {
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
