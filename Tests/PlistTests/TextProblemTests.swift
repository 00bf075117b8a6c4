import Plist
import Testing

@Suite("A problem in a text file") struct TextProblemTests {
    @Test(
        "is reported once, at its place",
        arguments: [
            ("", ["1:1: the file is empty; it must hold one { }"]),
            (" // nothing\n", ["1:1: the file is empty; it must hold one { }"]),
            ("A = b;", ["1:1: expected '{', found 'A'"]),
            ("( a )", ["1:1: expected '{', found '('"]),
            ("{ A = b; } x", ["1:12: unexpected 'x' after the last '}'"]),
            ("{ A = b; }}", ["1:11: unexpected '}' after the last '}'"]),
            ("{ A = b }", ["1:8: missing ';' after the value of 'A'"]),
            ("{ A = b\n  B = c; }", ["1:8: missing ';' after the value of 'A'"]),
            ("{ A = b, }", ["1:8: expected ';' after the value of 'A', found ','"]),
            ("{ A = b c; D = e; }", ["1:9: expected ';' after the value of 'A', found 'c'"]),
            ("{ A = ; }", ["1:7: expected a value for 'A', found ';'"]),
            ("{ A; }", ["1:4: expected '=' after 'A'"]),
            ("{ A b; }", ["1:4: expected '=' after 'A'"]),
            ("{ A\n  B = c; }", ["1:4: expected '=' after 'A'"]),
            ("{ = b; }", ["1:3: expected a key, found '='"]),
            ("{ A = b;; ; C = d; }", ["1:9: unexpected ';'"]),
            ("{ A = b; A = c; }", ["1:10: duplicate key 'A'; the first is on line 1"]),
            ("{ A = ( a b ); }", ["1:10: missing ',' between the elements of an array"]),
            ("{ A = ( , ); }", ["1:9: expected a value, found ','"]),
            ("{ A = ( a; b ); }", ["1:10: expected ',' or ')', found ';'"]),
            ("{ A = ( a; B = c; }", ["1:10: '(' of line 1 is not closed before ';'"]),
            ("{ A = ( a }; B = c; }", ["1:11: expected ')' for the '(' of line 1, found '}'"]),
            ("{ A = { B = ( a }; C = d; }", ["1:17: '(' of line 1 is not closed before '}'"]),
            (
                "{ A = ( B = c; ); D = e; }",
                ["1:11: '=' in an array; a dictionary in it is written ( { Key = value; } )"]
            ),
            ("{ A = ( { B = c; ); }", ["1:18: '{' of line 1 is not closed before ')'"]),
            ("{ A = { B = c; ); }", ["1:16: expected '}' for the '{' of line 1, found ')'"]),
            ("{ A = { B = c;", ["1:7: '{' is never closed"]),
            ("{ A = ( { B = c; },", ["1:7: '(' is never closed"]),
            ("{ A = b; /* ", ["1:10: '/*' is never closed"]),
            (
                "{ A = http://x; B = c; }",
                [
                    "1:12: '//' inside a bare string; quote the string, "
                        + "or put a blank before a comment"
                ]
            ),
            (
                "{ A = b// c;\n }",
                [
                    "1:8: '//' inside a bare string; quote the string, "
                        + "or put a blank before a comment"
                ]
            ),
            (
                "{ A = b/* c */; }",
                [
                    "1:8: '/*' inside a bare string; quote the string, "
                        + "or put a blank before a comment"
                ]
            ),
            ("{ A = a@b@c; }", ["1:8: '@' cannot stand in a bare string; quote the string"]),
            ("{ A = é; }", ["1:7: expected a value for 'A', found 'é' (U+00E9)"]),
            ("{ A = “b”; }", ["1:7: expected a value for 'A', found '“' (U+201C)"]),
            ("{ A = \u{1}; }", ["1:7: expected a value for 'A', found the character U+0001"]),
            (
                "{\u{A0}A = b; C = d; }",
                ["1:2: expected a key, found the character U+00A0"]
            ),
            (
                "{ A = \"b\n; C = d; }",
                [
                    "1:7: this quote is not closed on its line; a line break inside is \\n"
                ]
            ),
            ("{ A = \"b", ["1:7: this quote is never closed"]),
            (
                #"{ A = "\q"; }"#,
                [#"1:8: unknown escape '\q'; there are \" \\ \n \t \r \Uhhhh"#]
            ),
            (#"{ A = "\U12"; }"#, [#"1:8: \U takes four hexadecimal digits"#]),
            (
                #"{ A = "\Ud83d"; }"#,
                [#"1:8: a lone surrogate; \Ud83d\Ude00 are one character"#]
            ),
            (
                #"{ A = "\Ude00"; }"#,
                [#"1:8: a lone surrogate; \Ud83d\Ude00 are one character"#]
            ),
            (
                "{ A = \"\u{1B}[31m\"; }",
                ["1:8: unexpected the character U+001B in a quoted string; write it as \\Uhhhh"]
            ),
        ])
    func once(text: String, problems: [String]) {
        #expect(read(text).problems == problems)
    }

    @Test("that is a byte which is not UTF-8 is reported for each line")
    func encoding() {
        let bytes =
            Array("{ A = \"".utf8) + [0xE9, 0xE9] + Array("\";\n// ".utf8) + [0xC3]
            + Array("\n}".utf8)
        #expect(
            read(bytes).problems == [
                "1:8: the file is not UTF-8: byte 0xe9", "2:4: the file is not UTF-8: byte 0xc3",
            ])
    }

    @Test("marks what it took something from")
    func damage() throws {
        let source = SourceText(file: "f", text: "{ A = { B = ; }; C = ( a, @ ); D = \"\\q\"; }")
        let root = try #require(PlistReader.read(source).root)
        guard case .dictionary(let entries) = root.content else {
            Issue.record("not a dictionary: \(root.value)")
            return
        }
        #expect(!root.isDamaged)
        #expect(entries.map(\.key) == ["A", "C", "D"])
        #expect(entries.filter(\.value.isDamaged).count == 3)
    }

    @Test("ends the reading when there are hundreds")
    func tooMany() {
        let problems = read("{" + String(repeating: " = ;", count: 10_000) + "}").problems
        #expect(problems.count == 501)
        #expect(problems.last?.hasSuffix("too many problems; the rest was not read") == true)
    }
}
