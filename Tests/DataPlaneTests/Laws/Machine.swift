import DataPlane
import Glibc
import Netlink
import Plist

/// A host of its own: a fake kernel, and folders for what rtsetup remembers of it.
final class Machine {
    private(set) var kernel: FakeKernel
    let directory: String

    init(_ state: KernelState) throws {
        kernel = FakeKernel(state)
        var path = Array("/tmp/rtsetup-laws-XXXXXX".utf8CString)
        guard mkdtemp(&path) != nil else { throw FolderError(errno: errno) }
        directory = String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    struct FolderError: Error { var errno: Int32 }

    deinit { Self.remove(directory) }

    private static func remove(_ path: String) {
        for name in (try? Folder.names(in: path)) ?? [] { remove(path + "/" + name) }
        Glibc.remove(path)
    }

    var state: KernelState { kernel.state }

    var session: Session {
        Session(
            kernel: kernel,
            folder: StateFolder(in: directory + "/run", namespace: "1", boot: "boot"),
            libDirectory: directory + "/lib")
    }

    private func goal(_ text: String, _ rebind: Rebind?) throws -> Session.Goal {
        let config = try ConfigReader.read([SourceText(file: "main", text: text)]).config
        return rebind.map { .rebind($0, config) } ?? .config(config)
    }

    func preview(
        _ text: String, _ rebind: Rebind? = nil, options: Plan.Options = .init()
    ) throws -> Preview {
        try session.preview(goal(text, rebind), options: options)
    }

    func apply(
        _ text: String, _ rebind: Rebind? = nil, options: Plan.Options = .init()
    ) throws -> Outcome {
        try session.carryOut(goal(text, rebind), options: options, lockTimeout: 1)
    }

    func previewTeardown() throws -> Preview { try session.preview(.nothing) }

    func teardown() throws -> Outcome { try session.carryOut(.nothing, lockTimeout: 1) }

    /// As after a crash of rtsetup: the kernel and the folders stay.
    func restart() { kernel = FakeKernel(kernel.state) }
}

extension Outcome {
    /// Whether the kernel is as it should be.
    var isWhole: Bool {
        switch result {
        case .applied, .unchanged: true
        case .undone, .stuck: false
        }
    }
}
