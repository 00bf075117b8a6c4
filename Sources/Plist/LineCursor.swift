/// Turns offsets into lines and columns; offsets that only grow cost one pass over the file.
struct LineCursor {
    private let file: String
    private let start: Int
    private var offset: Int
    private var line = 1
    private var column = 1

    /// A byte order mark has no column of its own.
    init(_ source: SourceText) {
        file = source.file
        start = source.start
        offset = start
    }

    /// CR LF, LF and CR each end a line, as libexpat counts them.
    mutating func location(of target: Int, in bytes: [UInt8]) -> SourceLocation {
        if target < offset {
            offset = start
            line = 1
            column = 1
        }
        while offset < target {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\n")
                || byte == UInt8(ascii: "\r")
                    && (offset + 1 == bytes.count || bytes[offset + 1] != UInt8(ascii: "\n"))
            {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
            offset += 1
        }
        return SourceLocation(file: file, line: line, column: column)
    }
}
