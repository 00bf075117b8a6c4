import Netlink

/// What `watch` and `status` have in common: the state folder.
extension Session {
    /// Held by the one `watch` of a namespace for as long as it runs.
    func watchLock() throws(FileError) -> Lock? { try folder.watchLock(timeout: 1) }

    /// What the running `watch` tells; nil where none runs.
    public func watchRecord() -> WatchRecord? {
        guard folder.isWatched else { return nil }
        let path = folder.watchRecord
        let bytes = (try? Files.read(path)) ?? nil
        var record = bytes.flatMap { WatchRecord($0, path: path) } ?? WatchRecord()
        let isTornDown = (try? folder.isTornDown()) ?? false
        if isTornDown, record.hold == nil, !record.isCalledBack {
            (record.reason, record.reasonEnd) = (WatchRecord.tornDown, nil)
        }
        return record
    }
}

extension StateFolder {
    fileprivate var watchRecord: String { path + "/watch.plist" }
    private var watchLockPath: String { path + "/watch.lock" }

    fileprivate func watchLock(timeout: Double) throws(FileError) -> Lock? {
        try Files.createFolder(path)
        // `status` asks without privilege who holds it.
        return try Lock(path: watchLockPath, timeout: timeout, mode: 0o644)
    }

    /// Whoever asks holds the lock for a moment, for which a `watch` that starts waits.
    fileprivate var isWatched: Bool { Lock.isHeld(watchLockPath) }

    func write(_ record: WatchRecord) throws(FileError) {
        try Files.write(record.text, to: watchRecord, sync: false)
    }

    /// Whether a run is under way.
    var isLocked: Bool { Lock.isHeld(path + "/lock") }

    func removeWatchRecord() throws(FileError) { try Files.remove(watchRecord) }
}
