import Glibc
import Netlink
import SystemPackage

/// Tells when files change that are known by their paths, whatever way it happens: written in
/// place, renamed over, through a symbolic link that leads elsewhere, in a folder that appears.
final class FileWatcher {
    enum Topic: Hashable {
        case configuration, memory, bindings
    }

    struct Interest: Hashable {
        var path: String
        var topic: Topic
        /// The path is a folder, and every `*.plist` in it counts.
        var isFolder = false
    }

    /// What counts in a folder.
    private struct Folder {
        var path: String
        var names: [String: Topic] = [:]
        var plists: Topic?
    }

    let descriptor: Int32
    private var folders: [Int32: Folder] = [:]
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)

    init() throws(KernelError) {
        descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard descriptor >= 0 else { throw KernelError("watch files", Errno(rawValue: errno)) }
    }

    deinit {
        close(descriptor)
        buffer.deallocate()
    }

    /// Watches what now decides what these paths mean, and nothing else.
    ///
    /// - Returns: whether anything is watched that was not before.
    /// - Throws: the first folder that the kernel does not watch, the others being watched; `ENOSPC`
    ///   where the user's watches are used up. One that is not there, or not for us, is no error.
    func follow(_ interests: [Interest]) throws(KernelError) -> Bool {
        var followed: [Int32: Folder] = [:]
        var problem: KernelError?
        for interest in interests {
            var steps = Self.steps(to: interest.path)
            if interest.isFolder, Self.isFolder(interest.path) {
                steps.append((interest.path, nil))
            }
            for (path, name) in steps {
                let watch = inotify_add_watch(descriptor, path, Self.mask)
                guard watch >= 0 else {
                    if errno != ENOENT, errno != ENOTDIR, errno != EACCES {
                        problem =
                            problem
                            ?? KernelError("watch files", Errno(rawValue: errno), message: path)
                    }
                    continue
                }
                if let name {
                    followed[watch, default: Folder(path: path)].names[name] = interest.topic
                } else {
                    followed[watch, default: Folder(path: path)].plists = interest.topic
                }
            }
        }
        for watch in folders.keys where followed[watch] == nil {
            inotify_rm_watch(descriptor, watch)
        }
        let isNew = !followed.keys.allSatisfy { folders[$0] != nil }
        folders = followed
        if let problem { throw problem }
        return isNew
    }

    /// What has happened since the last call; does not wait.
    func changes() -> Set<Topic> {
        var topics: Set<Topic> = []
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            guard count > 0 else { return topics }
            var rest = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            let size = MemoryLayout<inotify_event>.size
            while rest.count >= size {
                let event = rest.loadUnaligned(as: inotify_event.self)
                let end = min(rest.count, size + Int(event.len))
                let name = String(decoding: rest[size..<end].prefix { $0 != 0 }, as: UTF8.self)
                topics.formUnion(self.topics(of: event, name))
                rest = UnsafeRawBufferPointer(rebasing: rest[end...])
            }
        }
    }

    private func topics(of event: inotify_event, _ name: String) -> Set<Topic> {
        if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { return [.configuration, .memory, .bindings] }
        guard let folder = folders[event.wd] else { return [] }
        if name.isEmpty {
            // The folder itself went away or elsewhere.
            let gone = UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF)
            guard event.mask & gone != 0 else { return [] }
            return Set(folder.names.values).union(folder.plists.map { [$0] } ?? [])
        }
        let isPlist = name.hasSuffix(".plist") && !name.hasPrefix(".")
        guard let topic = folder.names[name] ?? (isPlist ? folder.plists : nil) else { return [] }
        if event.mask & UInt32(IN_CREATE) != 0, Self.isBeingWritten(folder.path + "/" + name) {
            return []
        }
        return [topic]
    }

    private static let mask =
        UInt32(IN_CLOSE_WRITE) | UInt32(IN_MOVED_TO) | UInt32(IN_MOVED_FROM) | UInt32(IN_CREATE)
        | UInt32(IN_DELETE) | UInt32(IN_ATTRIB) | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF)
        | UInt32(IN_ONLYDIR)

    /// A new regular file is announced once more when whoever writes it closes it; a link is not.
    private static func isBeingWritten(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            && status.st_nlink == 1
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The entries of folders that decide what a path leads to: each symbolic link on the way, the
    /// last component, or the first one that is not there.
    static func steps(to path: String) -> [(folder: String, name: String?)] {
        var steps: [(folder: String, name: String?)] = []
        var folder = "/"
        var rest = path.split(separator: "/").map(String.init)[...]
        var links = 0
        while let name = rest.popFirst() {
            let here = folder == "/" ? "/\(name)" : "\(folder)/\(name)"
            var status = stat()
            let isThere = lstat(here, &status) == 0
            let kind = status.st_mode & S_IFMT
            if !isThere || rest.isEmpty || kind == S_IFLNK { steps.append((folder, name)) }
            guard isThere else { break }
            guard kind == S_IFLNK else {
                folder = here
                continue
            }
            // As many as the kernel follows (MAXSYMLINKS).
            links += 1
            guard links <= 40, let target = target(of: here) else { break }
            if target.hasPrefix("/") { folder = "/" }
            rest = target.split(separator: "/").map(String.init) + rest
        }
        return steps
    }

    private static func target(of link: String) -> String? {
        withUnsafeTemporaryAllocation(byteCount: Int(PATH_MAX), alignment: 1) { bytes in
            guard let start = bytes.baseAddress,
                case let count = readlink(link, start, bytes.count), count > 0
            else { return nil }
            return String(decoding: bytes[..<count], as: UTF8.self)
        }
    }
}
