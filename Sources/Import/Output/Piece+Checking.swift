import DataPlane
import Plist

extension Piece {
    /// What our own reader accepts of it: whatever it refuses becomes a comment with the reason.
    ///
    /// - Returns: nil where no interface is left.
    func accepted() -> Piece? {
        var root = self
        while true {
            var tree = LocatedTree()
            let node = tree.node(root, path: [], place: Place(file: "the kernel", line: 1))
            let problems: [Diagnostic]
            do throws(ConfigError) {
                _ = try ConfigReader.check(node)
                return root
            } catch {
                problems = error.diagnostics.filter { $0.severity == .error }
            }
            var reasons: [[Int]: String] = [:]
            // What is there already may be so no more once the rest has gone.
            let isAgain: (Diagnostic) -> Bool = { $0.message.contains(" already") }
            let first = problems.filter { !isAgain($0) }
            for problem in first.isEmpty ? problems : first {
                guard let path = problem.location.map({ tree.paths[$0.column] }) ?? nil else {
                    continue
                }
                let unit = root.removable(path)
                guard !unit.isEmpty else { continue }
                reasons[unit] = reasons[unit] ?? problem.message
            }
            guard !reasons.isEmpty else { return nil }
            // From the end, so that the paths before stay true.
            for (path, reason) in reasons.sorted(by: { $1.key.lexicographicallyPrecedes($0.key) }) {
                root.remove(path[...], reason)
            }
            root.dropEmptyCollections(depth: 0)
        }
    }

    /// The smallest thing around a place that the file can do without: a top-level element, an
    /// interface's key, or an element of one.
    private func removable(_ path: [Int]) -> [Int] {
        guard let top = path.first, children.indices.contains(top) else { return [] }
        let isInterface = children[top].key == "Interfaces"
        guard isInterface, path.count > 3 else {
            return Array(path.prefix(isInterface ? 3 : 2))
        }
        return Array(path.prefix(4))
    }

    private mutating func remove(_ path: ArraySlice<Int>, _ reason: String) {
        guard let index = path.first, children.indices.contains(index) else { return }
        if path.count > 1 {
            children[index].remove(path.dropFirst(), reason)
        } else {
            let comment = children[index].refused(reason)
            if children.contains(comment) {
                children.remove(at: index)
            } else {
                children[index] = comment
            }
        }
    }

    /// Itself as a comment.
    private func refused(_ reason: String) -> Piece {
        let place = origin?.place.map { "\($0): " } ?? ""
        let isWhole = children.contains { $0.origin != nil || $0.isComment }
        if let origin, !isWhole {
            return .comment("\(place)\(origin.text): not carried over: \(reason)")
        }
        // What has parts with places of their own is shown whole.
        let lines = text.split(separator: "\n").map { $0.hasPrefix("// ") ? $0.dropFirst(3) : $0 }
        return .comment(
            "\(place)\(origin?.text ?? key ?? ""): not carried over: \(reason)"
                + lines.map { "\n    \($0)" }.joined())
    }

    /// A key with nothing behind it goes, and its comments take its place.
    private mutating func dropEmptyCollections(depth: Int) {
        children = children.flatMap { child -> [Piece] in
            var child = child
            child.dropEmptyCollections(depth: depth + 1)
            let isCollection =
                switch child.content {
                case .array, .dictionary: true
                case .comment, .string: false
                }
            // An empty Interfaces is for the reader to refuse.
            let isNeeded = depth == 0 && child.key == "Interfaces"
            return isCollection && child.isEmpty && !isNeeded ? child.children : [child]
        }
    }
}

/// A tree as our reader wants it, at whose places their lines stand.
private struct LocatedTree {
    /// The way to a piece, by the number that stands for its column.
    var paths: [Int: [Int]] = [:]

    mutating func node(_ piece: Piece, path: [Int], place: Place) -> PlistNode {
        let place = piece.origin?.place ?? place
        let location = location(path, place)
        let content: PlistNode.Content
        switch piece.content {
        case .comment: content = .string("")
        case .string(let text): content = .string(text)
        case .array(let elements):
            var nodes: [PlistNode] = []
            for (index, element) in elements.enumerated() where !element.isComment {
                nodes.append(node(element, path: path + [index], place: place))
            }
            content = .array(nodes)
        case .dictionary(let pieces):
            var entries: [PlistEntry] = []
            for (index, piece) in pieces.enumerated() where !piece.isComment {
                entries.append(
                    PlistEntry(
                        key: piece.key ?? "",
                        keyLocation: self.location(path + [index], piece.origin?.place ?? place),
                        value: node(piece, path: path + [index], place: place)))
            }
            content = .dictionary(entries)
        }
        return PlistNode(content, at: location)
    }

    private mutating func location(_ path: [Int], _ place: Place) -> SourceLocation {
        let number = paths.count + 1
        paths[number] = path
        return SourceLocation(file: place.file, line: place.line, column: number)
    }
}
