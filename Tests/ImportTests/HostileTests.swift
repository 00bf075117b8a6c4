import DataPlane
import Glibc
import Plist
import Testing

@testable import Import

@Suite("Hostile files") struct HostileTests {
    /// A folder that goes away.
    private final class Folder {
        let path: String

        init() throws {
            var template = Array("/tmp/rtsetup-import-XXXXXX".utf8CString)
            path = try #require(mkdtemp(&template).map { String(cString: $0) })
        }

        deinit { remove(path) }

        private func remove(_ path: String) {
            if FileAccess.isFolder(path) {
                for name in (try? FileAccess.names(in: path)) ?? [] { remove("\(path)/\(name)") }
                rmdir(path)
            } else {
                unlink(path)
            }
        }

        func write(_ name: String, _ text: String) throws -> String {
            let file = try #require(fopen("\(path)/\(name)", "w"))
            defer { fclose(file) }
            fputs(text, file)
            return "\(path)/\(name)"
        }
    }

    private func problem(_ paths: String...) -> ImportError? {
        do throws(ImportError) {
            _ = try Importer.read(paths)
            return nil
        } catch { return error }
    }

    @Test("of more than 1 MiB are not read")
    func large() throws {
        let folder = try Folder()
        let path = try folder.write("ifcfg-eth0", String(repeating: "#", count: 1 << 20) + "##")
        #expect(problem(path).map { "\($0)" }?.contains("larger than 1 MiB") == true)
        // In a folder it is one that is not carried over.
        _ = try folder.write("ifcfg-eth1", "DEVICE=eth1\nIPADDR=10.0.0.20\nPREFIX=24\n")
        let imported = try Importer.read([folder.path])
        #expect(imported.interfaceCount == 1)
        #expect(imported.comments.contains { $0.contains("ifcfg-eth0 is larger than 1 MiB") })
    }

    @Test("with a line of 1 MiB are read, and the comment about it is short")
    func longLine() throws {
        let folder = try Folder()
        let path = try folder.write(
            "ifcfg-eth0",
            "DEVICE=eth0\nIPADDR=10.0.0.20\nPREFIX=24\nX="
                + String(repeating: "y", count: 1_000_000))
        #expect(try Importer.read([path]).text.utf8.count < 2000)
    }

    @Test("that source themselves and each other are read once")
    func loops() throws {
        let folder = try Folder()
        let path = try folder.write(
            "interfaces",
            "source interfaces\nsource ./b\nsource *\niface eth0 inet static\naddress 10.0.0.20/24\n"
        )
        _ = try folder.write(
            "b", "source ../*/interfaces\nsource interfaces\nsource b\nauto eth0\n")
        let imported = try Importer.read([path])
        #expect(imported.interfaceCount == 1)
        #expect(!imported.text.contains("ActivationPolicy"))
    }

    @Test("that do not exist, cannot be read or are devices are named")
    func unreadable() throws {
        let folder = try Folder()
        #expect(problem("\(folder.path)/none") == .noFile(path: "\(folder.path)/none"))
        mkfifo("\(folder.path)/ifcfg-eth0", 0o644)
        let fifo = "\(folder.path)/ifcfg-eth0"
        #expect(problem(fifo) == .notPermitted(path: fifo, reason: "is not a regular file"))
        guard case .notUnderstood = problem(folder.path) else {
            Issue.record("a folder of a FIFO is no configuration")
            return
        }
    }

    @Test("of binary or of something else are not understood, and no file is written")
    func binary() throws {
        let folder = try Folder()
        let path = try folder.write("unknown", "#!/bin/sh\nrm -rf /\n")
        guard case .notUnderstood(let reason, let notes) = problem(path) else {
            Issue.record("a script was read")
            return
        }
        #expect(reason.contains("no file to write"))
        #expect(notes.map(\.description) == ["\(path): not understood"])
    }

    @Test("with many objects cost no more than their size")
    func many() throws {
        var routes = ""
        var rules = ""
        var ifcfg = "DEVICE=eth0\n"
        for number in 0..<3000 {
            let low = "\(number / 250).\(number % 250 + 1)"
            ifcfg += "IPADDR\(number)=10.0.\(low)\nPREFIX\(number)=16\n"
            routes += "10.9.\(low)/32 via 10.0.99.1 table \(1000 + number)\n"
            rules += "from 10.0.\(low) lookup \(1000 + number)\n"
        }
        let clock = ContinuousClock()
        var files = ImportFiles(.auto)
        files.add(SourceText(file: "ifcfg-eth0", text: ifcfg), isAlone: true)
        files.add(SourceText(file: "route-eth0", text: routes), isAlone: true)
        files.add(SourceText(file: "rule-eth0", text: rules), isAlone: true)
        var imported: Imported?
        let taken = try clock.measure {
            imported = try Importer.file(of: Importer.host(of: files, .auto), header: [])
        }
        #expect(imported?.text.contains("10.0.11.250/16") == true)
        #expect(taken < .seconds(60), "quadratic in something")
    }

    @Test("cannot leave their comments")
    func comments() throws {
        var files = ImportFiles(.auto)
        let line = "DNS1='\u{1B}[31m */ \u{2028} }; Rules = ( { Priority = 1; } ); // \r x'\n"
        files.add(
            SourceText(file: "ifcfg-eth0", text: "IPADDR=10.0.0.2\nPREFIX=24\n" + line + line),
            isAlone: true)
        let imported = try Importer.file(of: Importer.host(of: files, .auto), header: [])
        #expect(!imported.text.contains("\u{1B}") && !imported.text.contains("\r"))
        let config = try ConfigReader.read(SourceText(file: "main", text: imported.text)).config
        #expect(config.rules.isEmpty)
    }
}
