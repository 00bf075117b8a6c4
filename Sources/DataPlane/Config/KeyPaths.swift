import Plist

/// The keys that lead to a place: needed only where something is to be said about it.
struct KeyPaths {
    private var paths: [SourceLocation: String] = [:]

    init(_ roots: [PlistNode]) {
        for root in roots { add(root, path: "") }
    }

    subscript(location: SourceLocation) -> String { paths[location] ?? "" }

    private mutating func add(_ node: PlistNode, path: String) {
        paths[node.location] = path
        switch node.content {
        case .string: break
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                add(element, path: "\(path)[\(index)]")
            }
        case .dictionary(let entries):
            for entry in entries {
                let path = path.isEmpty ? entry.key : "\(path).\(entry.key)"
                paths[entry.keyLocation] = path
                add(entry.value, path: path)
            }
        }
    }
}
