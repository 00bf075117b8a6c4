import CNL
import DataPlane
import Glibc
import Netlink
import SystemPackage
import Testing

@Suite("sysctl files") final class SysctlFilesTests {
    let root: String
    let files: SysctlFiles

    init() throws {
        var template = Array("/tmp/sysctl-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        root = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } } ?? ""
        try #require(mkdir(root + "/net", 0o700) == 0)
        files = SysctlFiles(root: root)
    }

    deinit {
        unlink(root + "/net/tcp_rmem")
        rmdir(root + "/net")
        rmdir(root)
    }

    @Test("a value is read without its line break, and words stay words") func read() throws {
        let name = SysctlName(components: ["net", "tcp_rmem"])
        let file = creat(root + "/net/tcp_rmem", 0o600)
        try #require(file >= 0)
        close(file)
        try files.write("4096\t131072\t6291456\n", to: name)
        #expect(files.read(name) == "4096\t131072\t6291456")
    }

    @Test("a long value is read whole, or not at all", arguments: [4095, 4096, 4097, 190_000])
    func long(length: Int) throws {
        let name = SysctlName(components: ["net", "tcp_rmem"])
        let file = creat(root + "/net/tcp_rmem", 0o600)
        try #require(file >= 0)
        close(file)
        let value = String(repeating: "7", count: length)
        try files.write(value, to: name)
        #expect(files.read(name) == value)
        try files.write(String(repeating: "7", count: 1 << 18), to: name)
        #expect(files.read(name) == nil)
    }

    @Test(
        "a bitmap of more than a page is written and read whole",
        .enabled(if: Namespace.isPermitted))
    func bitmap() async {
        await #expect(processExitsWith: .success) {
            try #require(cnl_unshare_network() == 0)
            let files = SysctlFiles()
            let name = SysctlName(components: ["net", "ipv4", "ip_local_reserved_ports"])
            let ports = stride(from: 1, through: 65535, by: 2).map(String.init)
            let value = ports.joined(separator: ",")
            try files.write(value, to: name)
            #expect(files.read(name) == value)
            // What is left of a short text is a mistake in it.
            #expect(throws: KernelError.self) {
                try files.write(
                    "1 2", to: SysctlName(components: ["net", "ipv4", "ip_forward"]))
            }
        }
    }

    @Test("what is not there has no value") func missing() {
        #expect(files.read(SysctlName(components: ["net", "none"])) == nil)
        #expect(!files.hasIPv6)
    }

    @Test(
        "no name leads out of the folder",
        arguments: [["net", "..", "x"], ["net", "a/b"], ["net", ""], ["net", "x\0y"], ["."]])
    func escape(components: [String]) {
        let name = SysctlName(components: components)
        #expect(files.read(name) == nil)
        #expect(throws: KernelError.self) { try files.write("1", to: name) }
    }

    @Test("a folder is no value") func folder() {
        let name = SysctlName(components: ["net"])
        #expect(files.read(name) == nil)
        #expect(throws: KernelError("write sysctl", .isDirectory, message: root + "/net")) {
            try files.write("1", to: name)
        }
    }
}
