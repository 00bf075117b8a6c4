import ArgumentParser
import DataPlane
import Import
import Netlink
import Plist

struct ImportCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Print a file of ours that says what other tools' files, or the kernel, say.",
        discussion: """
            Nothing of theirs is executed or changed. What cannot be carried over stands in the \
            file as a comment, with its place.
            """)

    @Argument(help: "Their files and folders.")
    var paths: [String] = []

    @Flag(help: "Read what the running kernel holds instead.")
    var kernel = false

    @Option(
        help: ArgumentHelp(
            "auto, ifcfg, interfaces, suse, networkd or sysctl.", valueName: "format"),
        transform: { text in
            guard let format = ImportFormat(rawValue: text) else {
                throw ValidationError(
                    "'\(text)' is none of auto, ifcfg, interfaces, suse, networkd, sysctl")
            }
            return format
        })
    var from = ImportFormat.auto

    @OptionGroup var options: GlobalOptions

    func validate() throws {
        guard kernel || !paths.isEmpty else {
            throw ValidationError("import takes PATH… or --kernel")
        }
        guard !kernel || paths.isEmpty else {
            throw ValidationError("PATH… and --kernel exclude each other")
        }
    }

    func execute(_ report: inout Report) throws(Failure) -> ExitStatus {
        let imported: Imported
        do throws(ImportError) {
            imported =
                kernel
                ? try Importer.read(try openKernel()) : try Importer.read(paths, format: from)
        } catch { throw Failure(error) }
        if report.isJSON {
            report.print(
                .object([
                    "version": .integer(1), "file": .string(imported.text),
                    "comments": .array(imported.comments.map { .string($0) }),
                ]))
        } else {
            Console.print(imported.text)
        }
        return .done
    }
}

extension ImportCommand {
    private func openKernel() throws(ImportError) -> NetlinkKernel {
        do throws(KernelError) { return try NetlinkKernel() } catch { throw .kernel(error) }
    }
}

extension Failure {
    fileprivate init(_ error: ImportError) {
        switch error {
        case .kernel(let error): self.init(error)
        case .noFile: self.init(.noFile, "\(error)")
        case .notPermitted: self.init(.notPermitted, "\(error)")
        case .unreadable: self.init(.state, "\(error)")
        case .notUnderstood(let reason, let notes):
            self.init(
                .badFile,
                [Diagnostic(.error, reason)]
                    + notes.prefix(50).map { Diagnostic(.warning, "\($0)") })
        }
    }
}
