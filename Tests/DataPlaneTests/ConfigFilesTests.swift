import DataPlane
import Glibc
import Netlink
import Plist
import SystemPackage
import Testing

@Suite("The files") struct ConfigFilesTests {
    /// A folder that goes away with it.
    private final class Folder {
        let path: String

        init() throws {
            var template = Array("/tmp/rtsetup-test-XXXXXX".utf8CString)
            path = try #require(
                template.withUnsafeMutableBufferPointer { buffer in
                    buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
                })
        }

        deinit { Self.remove(path) }

        @discardableResult
        func write(_ name: String, _ text: String = "{ }", mode: mode_t = 0o644) -> String {
            let file = "\(path)/\(name)"
            if let stream = fopen(file, "w") {
                fputs(text, stream)
                fclose(stream)
                chmod(file, mode)
            }
            return file
        }

        func makeFolder(_ name: String) { mkdir("\(path)/\(name)", 0o755) }

        private static func remove(_ path: String) {
            for name in (try? Netlink.Folder.names(in: path)) ?? [] { remove("\(path)/\(name)") }
            Glibc.remove(path)
        }
    }

    private func failure(_ main: String, _ trust: ConfigFiles.Trust = .required)
        -> ConfigFilesError?
    {
        do {
            _ = try ConfigFiles.load(main: main, trust: trust)
            return nil
        } catch {
            return error
        }
    }

    @Test("are the main file and the drop-ins beside it, in name order")
    func order() throws {
        let folder = try Folder()
        let main = folder.write("rtsetup.plist", "main")
        folder.makeFolder("rtsetup.d")
        for name in [
            "20.plist", "B.plist", "10.plist", "a.plist", ".hidden.plist", "10.plist~", "x.conf",
        ] {
            folder.write("rtsetup.d/\(name)", name)
        }
        let files = try ConfigFiles.load(main: main, trust: .required)
        #expect(files.warnings == [])
        #expect(
            files.sources.map { String(decoding: $0.bytes, as: UTF8.self) }
                == ["main", "10.plist", "20.plist", "B.plist", "a.plist"])
        #expect(files.sources[1].file == "\(folder.path)/rtsetup.d/10.plist")
    }

    @Test("that are not there are told from those that may not be read")
    func missing() throws {
        let folder = try Folder()
        #expect(failure("\(folder.path)/none.plist") == .noFile(path: "\(folder.path)/none.plist"))
        let file = folder.write("f.plist")
        #expect(failure("\(file)/below") == .noFile(path: "\(file)/below"))
        symlink("nowhere", "\(folder.path)/dangling.plist")
        #expect(
            failure("\(folder.path)/dangling.plist")
                == .noFile(path: "\(folder.path)/dangling.plist"))
        let main = folder.write("main.plist")
        folder.makeFolder("rtsetup.d")
        symlink("nowhere", "\(folder.path)/rtsetup.d/10.plist")
        #expect(
            failure(main)
                == .notPermitted(
                    path: "\(folder.path)/rtsetup.d/10.plist",
                    reason: "is a symbolic link to nothing"))
    }

    @Test(
        "writable by others are refused where it matters, else a warning",
        arguments: [
            mode_t(0o664), 0o646, 0o666,
        ])
    func writable(mode: mode_t) throws {
        let folder = try Folder()
        let file = folder.write("f.plist", mode: mode)
        let reason = "can be written by its group or others; chmod go-w"
        #expect(failure(file) == .notPermitted(path: file, reason: reason))
        let files = try ConfigFiles.load(main: file, trust: .advised)
        #expect(files.warnings.map(\.message) == ["the file \(reason); apply refuses it"])
        #expect(files.warnings.map(\.severity) == [.warning])
    }

    @Test("behind a symbolic link are judged, not the link")
    func link() throws {
        let folder = try Folder()
        folder.write("good.plist", "good")
        folder.write("bad.plist", mode: 0o666)
        symlink("good.plist", "\(folder.path)/a.plist")
        symlink("bad.plist", "\(folder.path)/b.plist")
        let files = try ConfigFiles.load(main: "\(folder.path)/a.plist", trust: .required)
        #expect(files.sources.map(\.bytes) == [Array("good".utf8)])
        #expect(failure("\(folder.path)/b.plist") != nil)
    }

    @Test("of another user are refused", .enabled(if: geteuid() == 0))
    func owner() throws {
        let folder = try Folder()
        let file = folder.write("f.plist")
        try #require(chown(file, 65534, 65534) == 0)
        #expect(
            failure(file)
                == .notPermitted(
                    path: file, reason: "belongs to user 65534, neither root nor the caller"))
    }

    @Test(
        "that would hang or never end are not trusted",
        arguments: ["fifo", "folder", "/dev/zero", "/dev/tty"])
    func special(kind: String) throws {
        let folder = try Folder()
        let path = kind.hasPrefix("/") ? kind : "\(folder.path)/\(kind)"
        if kind == "fifo" { mkfifo(path, 0o600) }
        if kind == "folder" { folder.makeFolder(kind) }
        let error = try #require(failure(path))
        // A process without a terminal cannot even open /dev/tty.
        if kind == "/dev/tty", case .unreadable = error { return }
        #expect(error == .notPermitted(path: path, reason: "is not a regular file"))
    }

    @Test("that are a pipe are read once and whole, with a warning, where trust is advised")
    func pipe() throws {
        let folder = try Folder()
        let path = "\(folder.path)/fifo"
        mkfifo(path, 0o600)
        #expect(failure(path, .advised) == .unreadable(path: path, .timedOut))
        // What is in the pipe stays there behind its writer as long as a reader has it open.
        let holder = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        let writer = open(path, O_WRONLY | O_CLOEXEC)
        try #require(holder >= 0 && writer >= 0)
        defer { close(holder) }
        try #require(Glibc.write(writer, "main", 4) == 4)
        close(writer)
        let files = try ConfigFiles.load(main: path, trust: .advised)
        #expect(files.sources.map(\.bytes) == [Array("main".utf8)])
        #expect(
            files.warnings.map(\.message) == ["the file is not a regular file; apply refuses it"])
    }

    @Test("that never end are read as far as they may go")
    func endless() throws {
        let files = try ConfigFiles.load(main: "/dev/zero", trust: .advised)
        #expect(
            files.warnings.map(\.message) == ["the file is not a regular file; apply refuses it"])
        #expect(files.sources[0].bytes.count > 1 << 20 && files.sources[0].bytes.count < 2 << 20)
        #expect(failure("/", .advised) == .notPermitted(path: "/", reason: "is not a regular file"))
    }

    @Test("in the drop-in folder are judged like the main one")
    func dropIn() throws {
        let folder = try Folder()
        let main = folder.write("rtsetup.plist")
        folder.makeFolder("rtsetup.d")
        let dropIn = folder.write("rtsetup.d/10.plist", mode: 0o666)
        #expect(failure(main) != nil)
        chmod(dropIn, 0o644)
        #expect(failure(main) == nil)
        folder.makeFolder("rtsetup.d/20.plist")
        #expect(
            failure(main)
                == .notPermitted(
                    path: "\(folder.path)/rtsetup.d/20.plist", reason: "is not a regular file"))
    }

    @Test("over 1 MiB are read no further than needed to say so")
    func large() throws {
        let folder = try Folder()
        let file = folder.write("f.plist", String(repeating: " ", count: 8 << 20))
        let source = try ConfigFiles.load(main: file, trust: .required).sources[0]
        #expect(source.bytes.count > 1 << 20 && source.bytes.count < 2 << 20)
        #expect(PlistReader.read(source).diagnostics.count == 1)
    }

    @Test("say what is wrong with them")
    func words() {
        #expect(
            ConfigFilesError.noFile(path: "/x").description == "/x: there is no such file")
        #expect(
            ConfigFilesError.notPermitted(path: "/x", reason: "is not a regular file").description
                == "/x is not a regular file")
    }

    @Test("have the discovered file that the main file names, there or not")
    func discovered() throws {
        let folder = try Folder()
        let found = "\(folder.path)/found.plist"
        let main = folder.write(
            "a.plist", "{ Version = 1; Discovery = { File = \"\(found)\"; }; }")
        var files = try ConfigFiles.load(main: main, trust: .required)
        #expect(files.discovery?.path == found && files.discovery?.source == nil)
        #expect(files.discovery?.location?.line == 1)
        folder.write("found.plist", "found")
        files = try ConfigFiles.load(main: main, trust: .required)
        #expect(files.sources.map(\.file) == [main, found])
        folder.write("found.plist", mode: 0o666)
        #expect(failure(main) != nil && failure(main, .advised) == nil)
    }

    @Test("never follow a link to the discovered file: its folder is not root's")
    func discoveredLink() throws {
        let folder = try Folder()
        let link = "\(folder.path)/link.plist"
        symlink(folder.write("secret"), link)
        let main = folder.write(
            "a.plist", "{ Version = 1; Discovery = { File = \"\(link)\"; }; }")
        #expect(failure(main) == .notPermitted(path: link, reason: "is a symbolic link"))
    }

    @Test("may be the discovered file and drop-ins alone, where there is no main file at all")
    func discoveredAlone() throws {
        let folder = try Folder()
        let found = folder.write("found.plist", "found")
        folder.makeFolder("rtsetup.d")
        let dropIn = folder.write("rtsetup.d/10.plist", "drop-in")
        let none = "\(folder.path)/rtsetup.plist"
        func load(_ main: String, usual: String, found: String) throws -> ConfigFiles {
            try ConfigFiles.load(main: main, trust: .required, usualMain: usual, discovered: found)
        }
        let files = try load(none, usual: none, found: found)
        #expect(files.main == nil && files.sources.map(\.file) == [dropIn, found])
        #expect(files.warnings == [])
        let other = try load("\(folder.path)/slip.plist", usual: none, found: found)
        #expect(other.sources.map(\.file) == [dropIn, found] && other.warnings.count == 1)

        // A slip in --config must not take away what the usual file gives.
        let usual = folder.write("usual.plist")
        let refused = ConfigFilesError.noFile(path: none)
        #expect(throws: refused) { try load(none, usual: usual, found: found) }
        #expect(throws: refused) { try load(none, usual: none, found: "/nowhere") }
    }
}
