import Netlink
import Plist

/// `LIB-DIR/bindings.plist`, and beside it the copy that stands in for a damaged one.
///
/// The copy has the same content: an older one could put an address back to where another host
/// has taken over.
struct BindingsFile {
    let directory: String
    private var path: String { directory + "/bindings.plist" }
    private var copy: String { path + ".bak" }

    struct Reading {
        var bindings = Bindings()
        /// That the copy was taken, and why.
        var problems: [Diagnostic] = []
        /// The copy lags behind.
        fileprivate var staleCopy: StaleCopy?
    }

    fileprivate enum StaleCopy {
        case rewrite(String)
        case remove
    }

    /// - Throws: what is wrong with the file, where no copy can stand in for it. No file is no
    ///   error: nothing is bound.
    func load() throws(ConfigError) -> Reading {
        var reading = Reading()
        do {
            let source = try read(path)
            reading.bindings =
                try source.map { (source) throws(ConfigError) in
                    try Bindings(source)
                } ?? Bindings()
            let standIn = try? read(copy)
            if source?.bytes != standIn?.bytes {
                reading.staleCopy =
                    source.map { .rewrite(String(decoding: $0.bytes, as: UTF8.self)) } ?? .remove
            }
            return reading
        } catch {
            guard let source = try? read(copy), let bindings = try? Bindings(source) else {
                throw ConfigError(
                    diagnostics: error.diagnostics.map { explained($0, byCopy: false) })
            }
            reading.bindings = bindings
            reading.problems = error.diagnostics.map { explained($0, byCopy: true) }
            return reading
        }
    }

    private func read(_ path: String) throws(ConfigError) -> SourceText? {
        do {
            return try ConfigFiles.own(path)
        } catch {
            throw ConfigError(diagnostics: [Diagnostic(.error, "\(error)")])
        }
    }

    private func explained(_ problem: Diagnostic, byCopy: Bool) -> Diagnostic {
        var problem = problem
        problem.message +=
            byCopy
            ? "; its last good copy \(copy) is used, and the next rebind writes it anew"
            : "; mend it, or forget all bindings: rm \(path)"
        return problem
    }

    /// For those who read it to write it: all namespaces have the one file.
    ///
    /// - Parameter timeout: seconds, 0 or more.
    /// - Returns: nil where another run still holds it then.
    func lock(timeout: Double) throws(FileError) -> Lock? {
        try Files.createFolder(directory)
        return try Lock(path: lockPath, timeout: timeout)
    }

    var lockPath: String { directory + "/bindings.lock" }

    /// Where somebody holds the lock. Failing costs nothing but the copy.
    func refreshCopy(_ reading: Reading) -> [Diagnostic] {
        do throws(FileError) {
            switch reading.staleCopy {
            case .rewrite(let text): try Files.write(text, to: copy, sync: false)
            case .remove: try Files.remove(copy)
            case nil: break
            }
            return []
        } catch { return [Diagnostic(.warning, "\(error)")] }
    }

    /// Before the first change: all that can run out of space is done.
    ///
    /// - Parameter sync: whether to wait for the disk now or later. While an address goes from one
    ///   host to another nobody has it: who lets go waits first, who takes up afterwards.
    /// - Returns: what is renamed once the change is whole.
    func prepare(_ bindings: Bindings, sync: Bool) throws(FileError) -> Prepared {
        try Files.createFolder(directory)
        let text = bindings.plistValue.text
        return Prepared(
            temporary: try Files.prepare(text, for: path, sync: sync), path: path, copy: copy,
            text: text)
    }

    struct Prepared {
        fileprivate let temporary: String
        fileprivate let path: String
        fileprivate let copy: String
        fileprivate let text: String

        /// The bindings are in force.
        ///
        /// - Returns: warnings, where they are and yet may not outlive a power cut, or the copy
        ///   could not follow.
        func commit() throws(FileError) -> [Diagnostic] {
            try Files.sync(temporary)
            try Files.rename(temporary, to: path, sync: false)
            var warnings: [Diagnostic] = []
            func attempt(_ step: () throws(FileError) -> Void) {
                do { try step() } catch { warnings.append(Diagnostic(.warning, "\(error)")) }
            }
            attempt { () throws(FileError) in try Files.syncFolder(of: path) }
            attempt { () throws(FileError) in try Files.write(text, to: copy, sync: false) }
            return warnings
        }

        func cancel() throws(FileError) { try Files.remove(temporary) }
    }
}
