import Plist
import Testing

@Suite("Limits") struct LimitTests {
    @Test("a file of 1 MiB is read, one byte more is not")
    func size() {
        let start = "{ A = b; }"
        let fits = start + String(repeating: " ", count: (1 << 20) - start.utf8.count)
        #expect(read(fits).problems == [])
        #expect(
            read(fits + " ").problems == [
                "1:1: the file has 1048577 bytes; at most 1 MiB (1048576) is read"
            ])
    }

    @Test("32 brackets deep is read, 33 is one problem", arguments: [32, 33, 200_000])
    func textDepth(depth: Int) {
        let arrays = depth - 1
        let text =
            "{ A = " + String(repeating: "(", count: arrays) + String(repeating: ")", count: arrays)
            + "; B = c; }"
        let reading = read(text)
        #expect(reading.problems == (depth > 32 ? ["1:38: nested deeper than 32"] : []))
        guard case .dictionary(let entries) = reading.value else {
            Issue.record("not a dictionary")
            return
        }
        #expect(entries.map(\.key) == ["A", "B"])
    }

    @Test("XML is no deeper either", arguments: [32, 33, 40_000])
    func xmlDepth(depth: Int) {
        let arrays = depth - 1
        let text =
            "<plist><dict><key>A</key>" + String(repeating: "<array>", count: arrays)
            + String(repeating: "</array>", count: arrays) + "<key>B</key><true/></dict></plist>"
        #expect(read(text).problems == (depth > 32 ? ["1:243: nested deeper than 32"] : []))
    }

    @Test("brackets that never close do not overflow the stack", arguments: ["{A=", "(", "{A=("])
    func unclosed(opening: String) {
        let text = "{ A = " + String(repeating: opening, count: 200_000)
        #expect(!read(text).problems.isEmpty)
    }

    @Test("one line of 1 MiB is read in one pass")
    func oneLine() {
        let text = "{ A = (" + String(repeating: "a,", count: 500_000) + "); B = ; }"
        #expect(read(text).problems == ["1:1000015: expected a value for 'B', found ';'"])
    }

    @Test(
        "a binary property list is refused with the command that converts it",
        arguments: [
            ("/etc/a b.plist", "'/etc/a b.plist'"), ("<stdin>", "FILE"), ("x.plist", "x.plist"),
        ])
    func binary(file: String, name: String) {
        let problems = read("bplist00\u{1}\u{2}", file: file).problems
        #expect(problems.count == 1)
        #expect(problems.first?.contains("plutil -convert xml1 \(name)\n") == true)
        #expect(problems.first?.contains("python3 -c ") == true)
    }
}
