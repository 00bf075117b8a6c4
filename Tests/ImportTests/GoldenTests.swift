import DataPlane
import Plist
import Testing

@testable import Import

/// A new case is a folder with their files, `paths` and what is to be printed.
@Suite("Other tools' files") struct GoldenTests {
    @Test("are there to be compared")
    func found() {
        #expect(Golden.cases.count >= 15)
    }

    @Test("become what the golden folder says, to the letter", arguments: Golden.cases)
    func golden(name: String) throws {
        let imported = try Importer.read(try Golden.paths(name))
        let text = imported.text.replacing("\(Golden.folder)/\(name)/", with: "")
        #expect(text == (try Golden.text("\(name)/expected.plist")))
    }

    @Test("become files that our reader takes", arguments: Golden.cases)
    func valid(name: String) throws {
        let imported = try Importer.read(try Golden.paths(name))
        let source = SourceText(file: "main", text: imported.text)
        let config = try ConfigReader.read(source).config
        #expect(config.interfaces.count == imported.interfaceCount)
    }
}
