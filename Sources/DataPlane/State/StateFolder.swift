import Netlink
public import Plist

/// What one network namespace's runs remember, and the journal of a run that is under way.
///
/// - `state.plist`: the memory after the last whole run.
/// - `journal.plist`: while a run changes the kernel, everything that it may have changed; a run
///   that was killed leaves it behind, and the next one starts from it.
/// - `next.plist`: the memory once the run is whole, so that its end is a rename and needs no space.
public struct StateFolder: Sendable {
    public let path: String
    let identity: Identity

    /// Which boot and namespace a file speaks of.
    struct Identity: Hashable, Sendable {
        var boot: String
        var namespace: String
    }

    /// - Parameters:
    ///   - directory: `--state-dir`.
    ///   - namespace: the cookie or inode of the network namespace, as text.
    ///   - boot: the kernel's boot id.
    public init(in directory: String, namespace: String, boot: String) {
        path = directory + "/" + namespace
        identity = Identity(boot: boot, namespace: namespace)
    }

    private var state: String { path + "/state.plist" }
    private var journal: String { path + "/journal.plist" }
    private var next: String { path + "/next.plist" }

    /// What is remembered; empty where nothing is.
    ///
    /// - Returns: also what a person should know: an interrupted run, a file of another boot.
    /// - Throws: where a file cannot be read or understood. One that is not there is no error.
    public func load() throws(FileError) -> (memory: Memory, warnings: [Diagnostic]) {
        var warnings: [Diagnostic] = []
        for (file, isJournal) in [(journal, true), (state, false)] {
            guard let bytes = try Files.read(file) else { continue }
            var record = try MemoryRecord(bytes, path: file)
            guard record.identity == identity else {
                warnings.append(
                    Diagnostic(
                        .warning, "\(file) is of another boot or namespace and is ignored"))
                continue
            }
            if isJournal {
                record.memory.isInterrupted = true
                warnings.append(
                    Diagnostic(
                        .warning,
                        "an earlier run was interrupted; this one starts from its journal"))
            }
            return (record.memory, warnings)
        }
        return (Memory(), warnings)
    }

    /// Which memory of a whole run is on the disk.
    var version: MemoryVersion { MemoryVersion(of: state) }

    /// Whether the last whole run in this namespace since boot was a `teardown`.
    func isTornDown() throws(FileError) -> Bool {
        guard let bytes = try Files.read(state) else { return false }
        let record = try MemoryRecord(bytes, path: state)
        return record.identity == identity && record.memory.files.isEmpty
    }

    /// Before the first change.
    func begin(_ during: Memory, next after: Memory) throws(FileError) {
        try create()
        let (during, after) = (record(during), record(after))
        let held = after.held
        try Files.write(after.text(holding: held), to: next, sync: false)
        try Files.write(
            during.text(holding: during.holdsSame(as: after) ? held : during.held), to: journal,
            sync: false)
    }

    /// Before the end of a run that has learned something.
    func amend(next after: Memory) throws(FileError) {
        try Files.write(text(after), to: next, sync: false)
    }

    /// The run is whole.
    func commit() throws(FileError) {
        try Files.rename(next, to: state, sync: false)
        try Files.remove(journal)
    }

    /// The run was undone: what was remembered before stands.
    func cancel() throws(FileError) {
        try Files.remove(journal)
        try Files.remove(next)
    }

    /// Remembers where nothing had to be changed.
    func save(_ memory: Memory) throws(FileError) {
        try create()
        try Files.write(text(memory), to: state, sync: false)
        try Files.remove(journal)
    }

    func lock(timeout: Double) throws(FileError) -> Lock? {
        try create()
        return try Lock(path: path + "/lock", timeout: timeout)
    }

    private func create() throws(FileError) { try Files.createFolder(path) }

    private func record(_ memory: Memory) -> MemoryRecord {
        MemoryRecord(identity: identity, memory: memory)
    }

    private func text(_ memory: Memory) -> String { record(memory).text }
}
