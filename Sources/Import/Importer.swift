public import DataPlane
import Netlink
import Plist

/// A file of ours made of theirs.
public struct Imported: Hashable, Sendable {
    /// The text encoding; our own reader takes it.
    public var text: String
    /// The interfaces' number.
    public var interfaceCount: Int
    /// What is a comment in the text, in its order.
    public var comments: [String]
}

/// Reads what others have configured and says it in our words.
public enum Importer {
    /// Reads files and folders of other tools. No line of theirs is executed.
    ///
    /// - Throws: where nothing there makes a file; what cannot be carried over is a comment.
    public static func read(
        _ paths: [String], format: ImportFormat = .auto
    ) throws(ImportError) -> Imported {
        let host = host(of: try ImportFiles(paths, format), format)
        let list = paths.joined(separator: " ")
        return try file(of: host, header: [.comment("Made by rtsetup import \(list)")])
    }

    /// - Parameter sourced: what `source` lines of `interfaces` lead to; nil: the files there.
    static func host(
        of files: ImportFiles, _ format: ImportFormat, sourced: InterfacesReader.Include? = nil
    ) -> ImportedHost {
        var host = ImportedHost()
        host.notes = files.notes
        for source in files.tables { host.tables.read(Line.all(of: source)) }
        for source in files.ifcfgs {
            IfcfgReader.read(source, isSUSE: format == .suse, into: &host)
        }
        for source in files.interfaces {
            let files = SourcedFiles(top: source.file)
            var reader = InterfacesReader(include: sourced ?? files.find)
            reader.read(source, into: &host)
            reader.finish(&host)
        }
        var taken: [String: String] = [:]
        let networks = files.networks.sorted {
            $0[0].name.utf8.lexicographicallyPrecedes($1[0].name.utf8)
        }
        for sources in networks { NetworkdReader.read(sources, taken: &taken, into: &host) }
        for source in files.routes { RouteFileReader.read(source, into: &host) }
        for source in files.sysctls { SysctlReader.read(source, into: &host) }
        return host
    }

    /// Reads what the running kernel holds.
    ///
    /// - Throws: where the kernel gives no answer, or no ENI has an address.
    public static func read(_ kernel: any Kernel) throws(ImportError) -> Imported {
        let state = try observe(kernel, KernelImport.sysctls)
        let host = KernelImport.host(of: state)
        let header = Piece.comment("Made by rtsetup import --kernel")
        let imported = try file(of: host, header: [header])
        let said = try objections(to: imported, kernel)
        guard !said.isEmpty else { return imported }
        return try file(of: host, header: [header] + said.map { .comment($0) })
    }

    /// What `plan` would say about the file on this host.
    private static func objections(
        to imported: Imported, _ kernel: any Kernel
    ) throws(ImportError) -> [String] {
        let config: Config
        do throws(ConfigError) {
            config = try ConfigReader.read(SourceText(file: "", text: imported.text)).config
        } catch { return error.diagnostics.map(\.message) }
        let memory = Memory()
        let state = try observe(kernel) { config.sysctlsToObserve($0, memory: memory) }
        let desired = DesiredState(config, kernel: state, memory: memory)
        let plan = Plan(from: state, to: desired, memory: memory)
        return plan.conflicts.map { "plan refuses this here: \($0.message)" }
            + plan.warnings.map { "plan warns: \($0.message)" }
    }

    private static func observe(
        _ kernel: any Kernel, _ sysctls: ([Link]) -> Set<SysctlName>
    ) throws(ImportError) -> KernelState {
        do throws(KernelError) {
            return try kernel.observe(sysctls: sysctls)
        } catch { throw .kernel(error) }
    }

    /// The file that says the same, as far as our reader takes it.
    static func file(
        of host: ImportedHost, header: [Piece]
    ) throws(ImportError) -> Imported {
        var translation = Translation(host)
        guard let file = translation.file(header: header), let accepted = file.accepted(),
            let interfaces = accepted.children.first(where: { $0.key == "Interfaces" })
        else {
            throw .notUnderstood(
                reason: "nothing there describes an interface, so there is no file to write",
                notes: translation.host.notes + translation.host.interfaces.flatMap(\.notes))
        }
        let text = accepted.text
        guard text.utf8.count <= PlistReader.maximumSize else {
            throw .notUnderstood(
                reason: "the file would have \(text.utf8.count) bytes, and at most 1 MiB is read",
                notes: [])
        }
        return Imported(
            text: text, interfaceCount: interfaces.children.filter { !$0.isComment }.count,
            comments: accepted.comments)
    }
}

extension Piece {
    fileprivate var comments: [String] {
        if case .comment(let text) = content { return text.isEmpty ? [] : [text] }
        return children.flatMap(\.comments)
    }
}
