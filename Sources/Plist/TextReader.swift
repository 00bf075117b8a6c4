/// Reads the text encoding.
///
/// A problem is reported once, at its place, and reading goes on behind it. This file holds the
/// bytes and the blanks; strings and collections are in files of their own.
struct TextReader {
    /// More would help nobody.
    private static let maximumDiagnostics = 500

    let source: SourceText
    let end: Int
    var position: Int
    /// Behind the last token: where a missing `;` is missed.
    var tokenEnd: Int
    private var cursor: LineCursor
    private(set) var diagnostics: [Diagnostic] = []

    var depth = 0
    var openArrays = 0
    /// Of the innermost dictionary: it is an entry's value, so a `;` follows its `}`.
    var isInEntry = false
    /// What follows was cut off by a problem already reported: its absence is not another one.
    var isRecovering = false
    /// For looking ahead.
    var isSilent = false

    init(_ source: SourceText) {
        self.source = source
        end = source.bytes.count
        position = source.start
        tokenEnd = position
        cursor = LineCursor(source)
    }

    mutating func read() -> PlistNode? {
        guard checkEncoding() else { return nil }
        skipBlanks()
        guard let first = current else {
            report("the file is empty; it must hold one { }", at: source.start)
            return nil
        }
        guard first == UInt8(ascii: "{") else {
            report("expected '{', found \(found())")
            return nil
        }
        var root = dictionary()
        skipBlanks()
        if current != nil {
            report("unexpected \(found()) after the last '}'")
            root.isDamaged = true
        }
        return root
    }

    var current: UInt8? { position < end ? source.bytes[position] : nil }

    func byte(at offset: Int) -> UInt8? { offset < end ? source.bytes[offset] : nil }

    mutating func location(of offset: Int) -> SourceLocation {
        cursor.location(of: offset, in: source.bytes)
    }

    mutating func report(_ message: String, at offset: Int) {
        if !isSilent { report(message, at: location(of: offset)) }
    }

    mutating func report(_ message: String) { report(message, at: position) }

    mutating func report(_ message: String, at location: SourceLocation) {
        guard !isSilent, diagnostics.count < Self.maximumDiagnostics else { return }
        diagnostics.append(Diagnostic(.error, at: location, message))
        if diagnostics.count == Self.maximumDiagnostics {
            diagnostics.append(
                Diagnostic(.error, at: location, "too many problems; the rest was not read"))
            abandon()
        }
    }

    /// Nothing more is read, and no bracket is missed.
    mutating func abandon() {
        position = end
        isRecovering = true
    }

    /// Blanks and comments.
    mutating func skipBlanks() {
        while let byte = current {
            if TextGrammar.isBlank(byte) {
                position += 1
            } else if byte == UInt8(ascii: "/"), let next = self.byte(at: position + 1) {
                if next == UInt8(ascii: "/") {
                    skipLine()
                } else if next == UInt8(ascii: "*") {
                    skipBlockComment()
                } else {
                    return
                }
            } else {
                return
            }
        }
    }

    private mutating func skipLine() {
        while let byte = current, byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "\r") {
            position += 1
        }
    }

    private mutating func skipBlockComment() {
        let start = position
        position += 2
        while position < end {
            if source.bytes[position] == UInt8(ascii: "*"),
                byte(at: position + 1) == UInt8(ascii: "/")
            {
                position += 2
                return
            }
            position += 1
        }
        report("'/*' is never closed", at: start)
        isRecovering = true
    }

    /// The character at hand, for a message.
    func found() -> String {
        guard let scalar = scalar(at: position) else { return "the end of the file" }
        if TextGrammar.isControl(scalar) || !scalar.isASCII {
            let digits = String(scalar.value, radix: 16, uppercase: true)
            let code = "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            return scalar.properties.isWhitespace || TextGrammar.isControl(scalar)
                ? "the character \(code)" : "'\(scalar)' (\(code))"
        }
        return "'\(scalar)'"
    }

    func scalar(at offset: Int) -> Unicode.Scalar? {
        var iterator = source.bytes[min(offset, end)...].prefix(4).makeIterator()
        var parser = Unicode.UTF8.ForwardParser()
        guard case .valid(let encoded) = parser.parseScalar(from: &iterator) else { return nil }
        return Unicode.UTF8.decode(encoded)
    }

    /// Reports the first byte of each line that is not UTF-8.
    private mutating func checkEncoding() -> Bool {
        if String(validating: source.bytes, as: UTF8.self) != nil { return true }
        var iterator = source.bytes.makeIterator()
        var parser = Unicode.UTF8.ForwardParser()
        var offset = 0
        var lastLine = 0
        while true {
            switch parser.parseScalar(from: &iterator) {
            case .valid(let encoded): offset += encoded.count
            case .emptyInput: return false
            case .error(let length):
                let location = location(of: offset)
                if location.line != lastLine {
                    lastLine = location.line
                    let digits = String(source.bytes[offset], radix: 16)
                    report("the file is not UTF-8: byte 0x\(digits)", at: location)
                }
                offset += length
            }
        }
    }
}
