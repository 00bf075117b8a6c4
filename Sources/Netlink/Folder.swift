import Glibc
package import SystemPackage

/// A folder of files, the kernel's or anybody's.
package enum Folder {
    /// The names in it, in no order, without `.` and `..`.
    ///
    /// - Throws: what opening or reading it answered.
    package static func names(in path: String) throws(Errno) -> [String] {
        guard let folder = opendir(path) else { throw Errno(rawValue: errno) }
        defer { closedir(folder) }
        var names: [String] = []
        while true {
            // Only so is an error told from the end.
            errno = 0
            guard let entry = readdir(folder) else { break }
            // In place: an entry ends with its name, long before the field that C declares.
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if name != ".", name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw Errno(rawValue: errno) }
        return names
    }
}
