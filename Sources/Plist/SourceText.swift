/// A file's bytes and the name under which messages show it.
public struct SourceText: Hashable, Sendable {
    /// The path as it was given, or `<stdin>`.
    public var file: String
    public var bytes: [UInt8]

    public init(file: String, bytes: [UInt8]) {
        self.file = file
        self.bytes = bytes
    }

    public init(file: String, text: String) {
        self.init(file: file, bytes: Array(text.utf8))
    }

    static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// 3 where the file begins with a UTF-8 byte order mark.
    var start: Int { bytes.starts(with: Self.byteOrderMark) ? 3 : 0 }
}
