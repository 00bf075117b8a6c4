import Glibc
import Netlink
import SystemPackage
import Testing

@Suite("Folders") struct FolderTests {
    @Test("every name is found, the longest too, and no link to the folder itself")
    func names() throws {
        var template = Array("/tmp/rtsetup-folder-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        defer { rmdir(folder) }
        // Entries of every length, to the end of what is read at once.
        let names = (1...255).map { String(repeating: "a", count: $0) } + ["ä", "..."]
        for name in names {
            let file = creat("\(folder)/\(name)", 0o600)
            try #require(file >= 0)
            close(file)
        }
        defer { for name in names { unlink("\(folder)/\(name)") } }
        #expect(try Folder.names(in: folder).sorted() == names.sorted())
    }

    @Test("what is no folder is told from an empty one")
    func missing() {
        #expect(throws: Errno.noSuchFileOrDirectory) { try Folder.names(in: "/nowhere") }
        #expect(throws: Errno.notDirectory) { try Folder.names(in: "/proc/self/stat") }
    }
}
