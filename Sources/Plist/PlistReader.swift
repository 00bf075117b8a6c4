/// Reads both encodings into one tree.
public enum PlistReader {
    /// In bytes; larger files are not read.
    public static var maximumSize: Int { TextGrammar.maximumSize }

    /// What a file holds, and everything that is wrong with it.
    public struct Reading: Sendable {
        /// As much as could be read; nil where nothing could.
        public var root: PlistNode?
        /// In the order of the file; empty means that `root` is the whole file.
        public var diagnostics: [Diagnostic]
    }

    /// Tells the encodings apart by content: `<?xml`, `<!DOCTYPE` or `<plist` is XML, the rest text.
    ///
    /// Without a problem the root is a dictionary. Files over 1 MiB or nested deeper than 32 are
    /// problems like others.
    public static func read(_ source: SourceText) -> Reading {
        guard source.bytes.count <= TextGrammar.maximumSize else {
            return refusal(
                source, "the file has \(source.bytes.count) bytes; at most 1 MiB (1048576) is read")
        }
        return readWhole(source)
    }

    /// The same for what we wrote ourselves: it is as large as the host makes it.
    package static func readWhole(_ source: SourceText) -> Reading {
        if source.bytes.starts(with: "bplist".utf8) {
            return refusal(source, binaryRefusal(file: source.file))
        }
        var reading = Reading(root: nil, diagnostics: [])
        if isXML(source) {
            XMLReader.read(source, into: &reading)
        } else {
            var reader = TextReader(source)
            reading.root = reader.read()
            reading.diagnostics = reader.diagnostics
        }
        reading.diagnostics = inFileOrder(reading.diagnostics)
        return reading
    }

    private static func refusal(_ source: SourceText, _ message: String) -> Reading {
        let start = SourceLocation(file: source.file, line: 1, column: 1)
        return Reading(root: nil, diagnostics: [Diagnostic(.error, at: start, message)])
    }

    private static func binaryRefusal(file: String) -> String {
        let name = file == "<stdin>" ? "FILE" : shellWord(file)
        return """
            this is a binary property list; convert it with one of
              plutil -convert xml1 \(name)
              python3 -c 'import plistlib, sys; f = sys.argv[1]; d = plistlib.load(open(f, "rb")); \
            plistlib.dump(d, open(f, "wb"))' \(name)
            """
    }

    private static func shellWord(_ text: String) -> String {
        if !text.isEmpty, text.utf8.allSatisfy(TextGrammar.isBare) { return text }
        return text.reduce(into: "'") { $0 += $1 == "'" ? "'\\''" : String($1) } + "'"
    }

    /// A UTF-16 byte order mark is XML too: text is UTF-8.
    private static func isXML(_ source: SourceText) -> Bool {
        let bytes = source.bytes
        if bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE]) { return true }
        let head = bytes.dropFirst(source.start).drop(while: TextGrammar.isBlank)
        return ["<?xml", "<!DOCTYPE", "<plist"].contains { head.starts(with: $0.utf8) }
    }

    /// Stable: what was found first at a place stays first.
    private static func inFileOrder(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
        diagnostics.enumerated().sorted { a, b in
            let x = a.element.location
            let y = b.element.location
            return (x?.line ?? 0, x?.column ?? 0, a.offset) < (
                y?.line ?? 0, y?.column ?? 0, b.offset
            )
        }.map(\.element)
    }
}
