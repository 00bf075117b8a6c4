import Plist
import Testing

@Suite("A rendered diagnostic") struct DiagnosticRendererTests {
    private func render(_ text: String, _ line: Int, _ column: Int) -> String {
        let location = SourceLocation(file: "dir/f.plist", line: line, column: column)
        return DiagnosticRenderer([SourceText(file: "dir/f.plist", text: text)])
            .text(of: Diagnostic(.error, at: location, "no"))
    }

    @Test("has place, message, line and caret; a tab stands under a tab")
    func tabs() {
        #expect(
            render("{\r\n\t\té\tX = y;\r\n}", 2, 5)
                == "dir/f.plist:2:5: error: no\n\t\té\tX = y;\n\t\t \t^")
    }

    @Test("points behind the end of a line where something is missing")
    func end() {
        #expect(render("ab\rcd", 1, 3) == "dir/f.plist:1:3: error: no\nab\n  ^")
        #expect(render("ab\rcd", 2, 3) == "dir/f.plist:2:3: error: no\ncd\n  ^")
    }

    @Test("cuts a long line around the caret", arguments: [1, 400, 1000])
    func long(column: Int) {
        let text =
            String(repeating: "a", count: column - 1) + "b"
            + String(repeating: "a", count: 1000 - column)
        let lines = render(text, 1, column).split(separator: "\n")
        #expect(lines.count == 3)
        let marked = zip(lines[1], lines[2]).first { $0.1 == "^" }?.0
        #expect(marked == "b")
        #expect(lines[1].count <= 102)
        #expect(lines[1].hasPrefix("…") == (column > 51))
        #expect(lines[1].hasSuffix("…") == (column < 950))
    }

    @Test("carries nothing to the terminal that would act there")
    func controls() {
        let rendered = render("{ \u{1B}[31m = \u{202E}x; }", 1, 3)
        #expect(!rendered.unicodeScalars.contains("\u{1B}"))
        #expect(!rendered.unicodeScalars.contains("\u{202E}"))
        #expect(Diagnostic.quote("\u{1B}[31m") == "'\\U001b[31m'")
        #expect(Diagnostic.quote(String(repeating: "a", count: 80)).count == 63)
    }

    @Test("is the first line alone without a source, and the message alone without a place")
    func bare() {
        let renderer = DiagnosticRenderer([])
        let location = SourceLocation(file: "f", line: 1, column: 1)
        #expect(renderer.text(of: Diagnostic(.warning, at: location, "no")) == "f:1:1: warning: no")
        #expect(renderer.text(of: Diagnostic(.error, "no")) == "error: no")
    }

    @Test("shows no line of a binary file")
    func binary() {
        #expect(render("bplist00\0\0", 1, 1) == "dir/f.plist:1:1: error: no")
    }

    @Test("shows the lines of a UTF-16 file")
    func utf16() {
        let bytes: [UInt8] =
            [0xFE, 0xFF]
            + "ab\ncé".utf16.flatMap { unit -> [UInt8] in
                [UInt8(unit >> 8), UInt8(unit & 0xFF)]
            }
        let source = SourceText(file: "f", bytes: bytes)
        let location = SourceLocation(file: "f", line: 2, column: 2)
        #expect(
            DiagnosticRenderer([source]).text(of: Diagnostic(.error, at: location, "no"))
                == "f:2:2: error: no\ncé\n ^")
    }
}
