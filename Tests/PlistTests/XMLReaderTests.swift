import Plist
import Testing

@Suite("The XML encoding") struct XMLReaderTests {
    static let head = """
        <?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" \
        "http://www.apple.com/DTDs/PropertyList-1.0.dtd">

        """

    @Test(
        "reads into the same tree",
        arguments: [
            ("<dict/>", [:]),
            ("<dict><key>A</key><string>b</string></dict>", ["A": "b"]),
            ("<dict><key>A</key><integer> 12 </integer></dict>", ["A": "12"]),
            ("<dict><key>A</key><integer>-12</integer></dict>", ["A": "-12"]),
            (
                "<dict><key>A</key><true/><key>B</key><false></false></dict>",
                ["A": "YES", "B": "NO"]
            ),
            (
                "<dict><key>A</key><array><string>a</string><dict/></array></dict>",
                ["A": ["a", [:]]]
            ),
            (
                "<dict><key>&lt;&#233;&gt;</key><string><![CDATA[&amp;]]></string></dict>",
                ["<é>": "&amp;"]
            ),
            ("<dict><!-- note --><key>A</key><string/></dict>", ["A": ""]),
        ] as [(String, PlistValue)])
    func same(body: String, value: PlistValue) {
        for text in [
            Self.head + "<plist version=\"1.0\">\(body)</plist>", "\n \t<plist>\(body)</plist>",
            "\u{FEFF}<?xml version='1.0'?><plist>\(body)</plist>",
        ] {
            let reading = read(text)
            #expect(reading.problems == [])
            #expect(reading.value == value)
        }
    }

    @Test("knows lines and columns, in characters")
    func locations() throws {
        let text =
            "\n\n<?xml version='1.0'?>\n<plist><dict>\n\t<key>é</key><!-- é --><string>x</string>\n</dict></plist>"
        let root = try #require(PlistReader.read(SourceText(file: "f", text: text)).root)
        #expect(root.location == SourceLocation(file: "f", line: 4, column: 8))
        guard case .dictionary(let entries) = root.content else {
            Issue.record("not a dictionary: \(root.value)")
            return
        }
        #expect(entries[0].keyLocation == SourceLocation(file: "f", line: 5, column: 2))
        #expect(entries[0].value.location == SourceLocation(file: "f", line: 5, column: 24))
    }

    @Test("may be UTF-16 or Latin-1", arguments: [true, false])
    func encodings(isUTF16: Bool) {
        let text = "<plist><dict><key>A</key><string>é</string></dict></plist>"
        let bytes: [UInt8] =
            if isUTF16 {
                [0xFF, 0xFE] + text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
            } else {
                ("<?xml version='1.0' encoding='ISO-8859-1'?>" + text).unicodeScalars.map {
                    UInt8($0.value)
                }
            }
        let reading = read(bytes)
        #expect(reading.problems == [])
        #expect(reading.value == ["A": "é"])
    }

    @Test(
        "has problems with places, too",
        arguments: [
            (
                "<dict><key>A</key><real>1</real></dict>",
                [
                    "1:26: <real> has no meaning here; write a <string> or an <integer>"
                ]
            ),
            (
                "<dict><key>A</key><date/><key>B</key><data>x</data></dict>",
                [
                    "1:26: <date> has no meaning here; write a <string> or an <integer>",
                    "1:45: <data> has no meaning here; write a <string> or an <integer>",
                ]
            ),
            (
                "<dict><key>A</key><foo><bar><key/></bar></foo></dict>",
                ["1:26: unknown element <foo>"]
            ),
            ("<dict><key>A</key></dict>", ["1:14: 'A' has no value"]),
            ("<dict><key>A</key><key>B</key><true/></dict>", ["1:14: 'A' has no value"]),
            ("<dict><string>a</string></dict>", ["1:14: a value without a <key>"]),
            (
                "<dict><key>A</key><true/><key>A</key><true/></dict>",
                [
                    "1:33: duplicate key 'A'; the first is on line 1"
                ]
            ),
            ("<dict>text<key>A</key><true/></dict>", ["1:14: text inside <dict>"]),
            (
                "<dict><key>A</key><array><key>B</key></array></dict>",
                ["1:33: <key> outside of a <dict>"]
            ),
            (
                "<dict><key>A</key><integer>0x1G</integer></dict>",
                ["1:26: '0x1G' is not an integer"]
            ),
            ("<dict><key>A</key><true>no</true></dict>", ["1:32: text inside <true>"]),
            ("<dict><key>A</key><string>a<b/></string></dict>", ["1:35: <b> inside <string>"]),
            ("<dict/><dict/>", ["1:15: a second value in <plist>"]),
            ("<array/>", ["1:8: the file must hold one <dict>"]),
            ("", ["1:1: <plist> is empty; it must hold one <dict>"]),
            ("<dict></dct>", ["1:16: not well-formed XML: mismatched tag"]),
            ("<dict><key>&foo;</key></dict>", ["1:19: not well-formed XML: undefined entity"]),
        ])
    func problems(body: String, problems: [String]) {
        #expect(read("<plist>\(body)</plist>").problems == problems)
    }

    @Test("takes no entity but XML's own, whatever DTD is named")
    func entities() {
        let text = Self.head + "<plist><dict><key>A</key><string>&foo;</string></dict></plist>"
        #expect(read(text).problems == ["3:34: unknown entity '&foo;'"])
    }

    @Test("refuses a DTD in the file before it reads it")
    func bomb() {
        let laughs = (1...20).map { "<!ENTITY l\($0) \"&l\($0 - 1);&l\($0 - 1);\">" }.joined()
        let text = """
            <?xml version="1.0"?>
            <!DOCTYPE plist [<!ENTITY l0 "lol">\(laughs)]>
            <plist><dict><key>A</key><string>&l20;</string></dict></plist>
            """
        #expect(read(text).problems == ["2:17: a DTD inside the file is not read"])
    }

    @Test("wants <plist> around its one value")
    func root() {
        #expect(
            read("<?xml version='1.0'?><dict/>").problems == [
                "1:22: expected <plist>, found <dict>"
            ])
    }
}
