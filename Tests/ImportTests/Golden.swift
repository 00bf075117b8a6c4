import Glibc
import Plist

@testable import Import

/// The golden folders: `Golden/FORMAT/CASE` with their files, `paths` and `expected.plist`.
enum Golden {
    static let folder =
        #filePath.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/Golden"

    /// `ifcfg/guide-ecs`, …
    static let cases: [String] = names(in: folder).flatMap { format in
        names(in: "\(folder)/\(format)").map { "\(format)/\($0)" }
    }

    static func text(_ path: String) throws -> String {
        String(decoding: try FileAccess.read("\(folder)/\(path)").bytes, as: UTF8.self)
    }

    /// What stands in `paths`, one a line.
    static func paths(_ name: String) throws -> [String] {
        try text("\(name)/paths").split(separator: "\n").map {
            let path = "\(folder)/\(name)/\($0)"
            return path.hasSuffix("/") ? String(path.dropLast()) : path
        }
    }

    /// Every file of a case but what is ours.
    static func files(_ name: String) throws -> [SourceText] {
        try all(below: "\(folder)/\(name)").filter {
            !$0.hasSuffix("/paths") && !$0.hasSuffix("/expected.plist")
        }.map { try FileAccess.read($0) }
    }

    private static func all(below folder: String) -> [String] {
        names(in: folder).flatMap { name in
            let path = "\(folder)/\(name)"
            return FileAccess.isFolder(path) ? all(below: path) : [path]
        }
    }

    private static func names(in folder: String) -> [String] {
        (try? FileAccess.names(in: folder))?.filter { !$0.hasPrefix(".") } ?? []
    }
}
