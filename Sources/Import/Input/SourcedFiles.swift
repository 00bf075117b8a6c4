import Plist
import SystemPackage

/// What the `source` lines of `interfaces` lead to, each file once.
final class SourcedFiles {
    private static let maximumCount = 1024

    private var read: Set<String> = []
    private let top: String

    /// - Parameter top: the first file; a copied tree's `/etc` is found beside it.
    init(top: String) {
        self.top = top
        read.insert(Self.normalized(top))
    }

    func find(_ words: [String], from place: Place) -> (sources: [SourceText], notes: [Note]) {
        var notes: [Note] = []
        let line = words.joined(separator: " ")
        var paths: [String] = []
        for word in words.dropFirst() {
            guard !word.contains(where: { "$`~".contains($0) }) else {
                notes.append(Note(place, "\(line): not followed: it needs a shell"))
                continue
            }
            let found = self.paths(word, isFolder: words[0] == "source-directory", from: place)
            if found.isEmpty, !word.contains(where: { "*?[".contains($0) }) {
                notes.append(Note(place, "\(line): there is no such file"))
            }
            paths += found
        }
        var sources: [SourceText] = []
        for path in paths {
            if FileAccess.isFolder(path) { continue }
            guard read.count < Self.maximumCount else {
                notes.append(Note(place, "\(line): not followed: too many files"))
                break
            }
            guard read.insert(path).inserted else {
                notes.append(Note(place, "\(path) is read already"))
                continue
            }
            do throws(FileAccess.Problem) {
                sources.append(try FileAccess.read(path))
            } catch {
                notes.append(Note(place, "\(path) \(error.reason): not carried over"))
            }
        }
        return (sources, notes)
    }

    private func paths(_ word: String, isFolder: Bool, from place: Place) -> [String] {
        var path = word
        if !path.hasPrefix("/") {
            let folder = place.file.split(
                separator: "/", omittingEmptySubsequences: false
            ).dropLast().joined(separator: "/")
            path = FileAccess.join(
                folder.isEmpty ? (place.file.hasPrefix("/") ? "/" : ".") : folder, path)
        } else if let etc = top.range(ofLast: "/etc/network/") {
            path = top[..<etc] + path
        }
        let isPattern = path.contains { "*?[".contains($0) }
        if !isFolder, !isPattern { return [Self.normalized(path)] }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let folder = isFolder ? path : parts.dropLast().joined(separator: "/")
        // Wildcards in folders are nobody's habit.
        guard let names = try? FileAccess.names(in: folder.isEmpty ? "/" : folder) else {
            return []
        }
        let pattern = isFolder ? "*" : String(parts.last ?? "")
        return names.filter { name in
            isFolder ? Self.isRunPart(name) : FileAccess.matches(name, pattern)
        }.map { Self.normalized(FileAccess.join(folder, $0)) }
    }

    /// Without `.` and `..`, so that a file has one name.
    private static func normalized(_ path: String) -> String {
        FilePath(path).lexicallyNormalized().string
    }

    /// run-parts' names, which `source-directory` takes.
    private static func isRunPart(_ name: String) -> Bool {
        name.unicodeScalars.allSatisfy {
            $0.isASCII
                && ($0.properties.isAlphabetic || $0.properties.numericType != nil
                    || $0 == "_" || $0 == "-")
        }
    }
}

extension String {
    fileprivate func range(ofLast word: String) -> String.Index? {
        var found: String.Index?
        var rest = self[...]
        while let range = rest.firstRange(of: word) {
            found = range.lowerBound
            rest = rest[range.upperBound...]
        }
        return found
    }
}
