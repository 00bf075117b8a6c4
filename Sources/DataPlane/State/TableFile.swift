import Netlink
import Plist
import SystemPackage

/// `LIB-DIR/tables.plist`: the route table of each ENI by MAC, handed out once.
struct TableFile {
    let directory: String
    private var path: String { directory + "/tables.plist" }

    /// - Throws: where it cannot be read or understood. No file is no error.
    func load() throws(FileError) -> [MACAddress: UInt32] {
        guard let bytes = try Files.read(path) else { return [:] }
        let reading = PlistReader.readWhole(SourceText(file: path, bytes: bytes))
        do throws(Damage) {
            guard reading.diagnostics.isEmpty, let root = reading.root?.value,
                root["Version"]?.string == "1"
            else { throw Damage() }
            var tables: [MACAddress: UInt32] = [:]
            for entry in try root.entries("Tables") {
                tables[try MACAddress(entry.key).orDamage()] = try entry.value.number().orDamage()
            }
            return tables
        } catch {
            throw FileError(
                "understand", path, .invalidArgument,
                hint: "it is damaged; without it tables are handed out anew: rm \(path)")
        }
    }

    /// Adds numbers to what the file says by then: runs in other namespaces may add theirs.
    ///
    /// On the disk when it returns: a number that was used once must be found again after a boot.
    func add(_ tables: [MACAddress: UInt32]) throws(FileError) {
        try Files.createFolder(directory)
        let lockPath = directory + "/tables.lock"
        guard let lock = try Lock(path: lockPath, timeout: 10) else {
            throw FileError("lock", lockPath, .wouldBlock)
        }
        defer { withExtendedLifetime(lock) {} }
        let entries = try load().merging(tables) { _, new in new }.sorted { $0.key < $1.key }.map {
            PlistValue.Entry("\($0.key)", .integer($0.value))
        }
        let root = PlistValue.dictionary([
            .init("Version", "1"), .init("Tables", .dictionary(entries)),
        ])
        try Files.write(root.text, to: path, sync: true)
    }
}
