import Plist
import Testing

@Suite("The text encoding") struct TextReaderTests {
    @Test(
        "reads what its grammar allows",
        arguments: [
            ("{ }", [:]),
            ("\u{FEFF}{ A = b; }", ["A": "b"]),
            ("// comment\r\n{ /* one */ A = b; /* two\n */ }// end", ["A": "b"]),
            ("{ A = ( ); B = ( x ); C = ( x, y, ); }", ["A": [], "B": ["x"], "C": ["x", "y"]]),
            ("{A={B=c;};D=(e,(f),{G=h;});}", ["A": ["B": "c"], "D": ["e", ["f"], ["G": "h"]]]),
            (#"{ "a key" = "a value"; }"#, ["a key": "a value"]),
            ("{ A = aZ09_$.:/+-%; }", ["A": "aZ09_$.:/+-%"]),
            ("{ A = 2001:db8::1/64; B = /run/x; }", ["A": "2001:db8::1/64", "B": "/run/x"]),
            (#"{ A = "\" \\ \n \t \r \U00e9 \Ud83d\Ude00"; }"#, ["A": "\" \\ \n \t \r é 😀"]),
            ("{ A = \"é // not a comment\"; }", ["A": "é // not a comment"]),
            (#"{ A = ""; "" = b; }"#, ["A": "", "": "b"]),
            ("{ A = \"a\tb\"; }", ["A": "a\tb"]),
        ] as [(String, PlistValue)])
    func grammar(text: String, value: PlistValue) {
        let reading = read(text)
        #expect(reading.problems == [])
        #expect(reading.value == value)
    }

    @Test("knows where everything begins, columns in characters")
    func locations() throws {
        let text = "{\r\n  \"é\" = ( a,\r\n\t{ B = \"c\"; } );\r}"
        let root = try #require(PlistReader.read(SourceText(file: "f", text: text)).root)
        func place(_ line: Int, _ column: Int) -> SourceLocation {
            SourceLocation(file: "f", line: line, column: column)
        }
        #expect(root.location == place(1, 1))
        guard case .dictionary(let entries) = root.content,
            case .array(let elements) = entries[0].value.content,
            case .dictionary(let inner) = elements[1].content
        else {
            Issue.record("not the tree that was written: \(root.value)")
            return
        }
        #expect(entries[0].keyLocation == place(2, 3))
        #expect(entries[0].value.location == place(2, 9))
        #expect(elements[0].location == place(2, 11))
        #expect(elements[1].location == place(3, 2))
        #expect(inner[0].value.location == place(3, 8))
    }

    @Test("keeps what is sound beside what is not")
    func recovery() {
        let reading = read(
            """
            {
                A = 1
                B = ( 1 2, 3;
                C = ;
                D = "open;
                E = { F = 1; G }
                H = x@y;
                I = ok;
            }
            """)
        #expect(
            reading.value == [
                "A": "1", "B": ["1", "2", "3"], "D": "open;", "E": ["F": "1"], "H": "x@y",
                "I": "ok",
            ])
        #expect(
            reading.problems == [
                "2:10: missing ';' after the value of 'A'",
                "3:12: missing ',' between the elements of an array",
                "3:17: '(' of line 3 is not closed before ';'",
                "4:9: expected a value for 'C', found ';'",
                "5:9: this quote is not closed on its line; a line break inside is \\n",
                "6:19: expected '=' after 'G'",
                "6:21: missing ';' after the value of 'E'",
                "7:10: '@' cannot stand in a bare string; quote the string",
            ])
    }
}
