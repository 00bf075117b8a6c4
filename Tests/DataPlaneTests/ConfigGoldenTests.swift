import DataPlane
import Glibc
import Netlink
import Plist
import Testing

/// A new case is a folder with an `input.plist`, perhaps an `rtsetup.d`, and what is to be said.
@Suite("A file's diagnostics") struct ConfigGoldenTests {
    static let folder =
        #filePath.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/Golden/config"

    static var cases: [String] {
        ((try? Folder.names(in: folder)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
    }

    @Test("are there to be compared")
    func found() {
        #expect(Self.cases.count >= 15)
    }

    @Test("are what the golden folder says, to the letter", arguments: cases)
    func golden(name: String) throws {
        let base = "\(Self.folder)/\(name)/"
        let files = try ConfigFiles.load(main: base + "input.plist", trust: .advised)
        let sources = files.sources.map {
            SourceText(file: String($0.file.dropFirst(base.count)), bytes: $0.bytes)
        }
        let expected = try ConfigFiles.load(main: base + "expected.txt", trust: .advised)
        let text = String(decoding: expected.sources[0].bytes, as: UTF8.self)
        #expect(Self.said(about: sources) == text)
    }

    /// Every diagnostic as people see it, and below it the keys that lead there.
    static func said(about sources: [SourceText]) -> String {
        let renderer = DiagnosticRenderer(sources)
        let diagnostics: [Diagnostic]
        var verdict = "refused\n"
        do throws(ConfigError) {
            let (_, warnings) = try ConfigReader.read(sources)
            diagnostics = warnings
            verdict = "read\n"
        } catch {
            diagnostics = error.diagnostics
        }
        return diagnostics.map { diagnostic in
            let path = diagnostic.keyPath.isEmpty ? "" : "  in \(diagnostic.keyPath)\n"
            return renderer.text(of: diagnostic) + "\n" + path
        }.joined() + verdict
    }
}
