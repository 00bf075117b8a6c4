import ArgumentParser
import Glibc

/// HTTP and what the network says stay out of this program: rtdiscover takes its place.
struct Discover: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discover",
        abstract: "Read the NICs and their addresses from the instance's metadata (rtdiscover).")

    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp("Those of rtdiscover; see rtsetup discover --help.", valueName: "option")
    )
    var arguments: [String] = []

    func run() throws {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &path, path.count - 1)
        let folder = path.prefix(max(0, length)).lastIndex(of: CChar(UInt8(ascii: "/")))
        let own = path.prefix(folder.map { $0 + 1 } ?? 0).map { UInt8(bitPattern: $0) }
        let program = String(decoding: own, as: UTF8.self) + "rtdiscover"

        var words = (["rtdiscover"] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        execv(program, words)
        let reason = String(cString: strerror(errno))
        Console.complain("error: cannot start \(program): \(reason)\n")
        throw ExitCode(ExitStatus.unavailable.rawValue)
    }
}
