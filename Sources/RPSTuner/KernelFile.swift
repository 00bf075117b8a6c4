internal import Glibc
package import Netlink
internal import SystemPackage

/// The small files through which the kernel shows and takes settings: /proc/sys, /sys, /proc/irq.
package enum KernelFile {
    /// The text without its final line break; nil where there is none, or none to be read.
    package static func read(_ path: String) -> String? {
        parse(path) { String(decoding: $0, as: UTF8.self) }
    }

    /// What `parse` makes of the text without its final line break; nil where there is none, or
    /// none to be read.
    ///
    /// - Parameter folder: the open folder that `path` is relative to.
    static func parse<Value>(
        _ path: String, in folder: Int32 = AT_FDCWD, _ parse: (UnsafeRawBufferPointer) -> Value
    ) -> Value? {
        let descriptor = retrying { openat(folder, path, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return value(descriptor, page, parse) ?? value(descriptor, longest, parse) ?? nil
    }

    private static let page = 4096
    /// More than the longest value, a `net.ipv4.ip_local_reserved_ports` of every second port.
    private static let longest = 1 << 18

    /// The kernel gives a value in one piece, to the first read, and cuts off what does not fit.
    ///
    /// - Returns: nil where the value may be longer than `size` is.
    private static func value<Value>(
        _ descriptor: Int32, _ size: Int, _ parse: (UnsafeRawBufferPointer) -> Value
    ) -> Value?? {
        withUnsafeTemporaryAllocation(byteCount: size, alignment: 1) { buffer in
            var count = retrying { pread(descriptor, buffer.baseAddress, buffer.count, 0) }
            guard count < buffer.count else { return nil }
            guard count >= 0 else { return .some(nil) }
            if count > 0, buffer[count - 1] == UInt8(ascii: "\n") { count -= 1 }
            return parse(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Writes the text, in one piece but where it is longer than the kernel takes at once.
    ///
    /// - Throws: `KernelError` with the path as its message: `ENOENT`, `EACCES`, `EROFS` from the
    ///   file, anything else from the kernel that does not take the text.
    package static func write(
        _ text: String, to path: String, for operation: String
    ) throws(KernelError) {
        let descriptor: Int32
        do throws(Errno) { descriptor = try open(path, O_WRONLY) } catch {
            throw KernelError(operation, error, message: path)
        }
        defer { close(descriptor) }
        // A write of nothing does nothing.
        var text = text.isEmpty ? "\n" : text
        let problem = text.withUTF8 { bytes -> Errno? in
            var rest = UnsafeRawBufferPointer(bytes)[...]
            while true {
                let part = UnsafeRawBufferPointer(rebasing: rest)
                let count = retrying { Glibc.write(descriptor, part.baseAddress, part.count) }
                guard count >= 0 else { return Errno(rawValue: errno) }
                if count == part.count { return nil }
                // What it leaves of less than a page is not to its taste. What it takes of more
                // (proc_do_large_bitmap) the next write adds to.
                guard count > 0, part.count >= page else { return .invalidArgument }
                rest = rest.dropFirst(count)
            }
        }
        if let problem { throw KernelError(operation, problem, message: path) }
    }

    /// An open file or folder.
    static func open(_ path: String, _ flags: Int32) throws(Errno) -> Int32 {
        let descriptor = retrying { Glibc.open(path, flags | O_CLOEXEC) }
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        return descriptor
    }

    /// A whole table such as /proc/interrupts; nil where there is none.
    static func readTable(_ path: String) -> String? {
        guard let descriptor = try? open(path, O_RDONLY) else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while true {
            let count = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
                let count = retrying { Glibc.read(descriptor, buffer.baseAddress, buffer.count) }
                if count > 0 { bytes += buffer[..<count] }
                return count
            }
            guard count > 0 else {
                return count == 0 ? String(decoding: bytes, as: UTF8.self) : nil
            }
        }
    }

    /// Again, for as long as a signal interrupts.
    private static func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }
}
