public import Plist

/// Makes a `Config` of the files' text.
public enum ConfigReader {
    /// Reads the main file and its drop-ins.
    ///
    /// - Parameter sources: the main file first, then the drop-ins in name order.
    /// - Returns: the configuration, and warnings in the order of the files.
    /// - Throws: every problem of every file at once.
    public static func read(
        _ sources: [SourceText]
    ) throws(ConfigError) -> (config: Config, warnings: [Diagnostic]) {
        var reader = TreeReader()
        var roots: [PlistNode] = []
        var parsing: [Diagnostic] = []
        var draft: ConfigDraft?
        var isIncomplete = false
        for (index, source) in sources.enumerated() {
            let reading = PlistReader.read(source)
            parsing += reading.diagnostics
            guard let root = reading.root else {
                isIncomplete = true
                continue
            }
            roots.append(root)
            let file = reader.file(root, isMain: index == 0)
            if draft == nil {
                draft = file
            } else {
                draft?.merge(file, &reader)
            }
        }
        var config = Config()
        if var draft {
            draft.isIncomplete = draft.isIncomplete || isIncomplete
            for index in draft.interfaces.indices {
                // What an unreadable file says about it is not known.
                if draft.isIncomplete, sources.count > 1 {
                    draft.interfaces[index].uncertain = Set(InterfaceKey.allCases)
                }
                draft.defaults.map { draft.interfaces[index].apply(defaults: $0) }
            }
            var checker = ConfigChecker(draft: draft, reader: reader)
            checker.check()
            reader = checker.reader
            config = draft.config
        }
        config.files = sources.map(\.file)

        let paths = KeyPaths(reader.diagnostics.isEmpty && config.notBuiltYet.isEmpty ? [] : roots)
        func placed(_ diagnostic: Diagnostic) -> Diagnostic {
            var diagnostic = diagnostic
            diagnostic.keyPath = diagnostic.location.map { paths[$0] } ?? ""
            return diagnostic
        }
        config.notBuiltYet = config.notBuiltYet.map(placed)
        let diagnostics = inFileOrder(parsing + reader.diagnostics.map(placed), config.files)
        guard diagnostics.allSatisfy({ $0.severity == .warning }), draft != nil else {
            throw ConfigError(diagnostics: diagnostics)
        }
        return (config, diagnostics)
    }

    /// Stable: what was found first at a place stays first. What `Defaults` does wrong for several
    /// interfaces is said once.
    private static func inFileOrder(
        _ diagnostics: [Diagnostic], _ files: [String]
    ) -> [Diagnostic] {
        var seen: Set<Diagnostic> = []
        return diagnostics.filter { seen.insert($0).inserted }.enumerated().map {
            offset, diagnostic in
            let location = diagnostic.location
            let file = location.flatMap { files.firstIndex(of: $0.file) } ?? -1
            return (diagnostic, [file, location?.line ?? 0, location?.column ?? 0, offset])
        }
        .sorted { $0.1.lexicographicallyPrecedes($1.1) }
        .map(\.0)
    }
}
