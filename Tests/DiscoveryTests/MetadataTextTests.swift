import Testing

@testable import Discovery

@Suite("The text of a service") struct MetadataTextTests {
    @Test(
        "is a list in any of the clouds' forms",
        arguments: [
            ("[\"a\",\"b\"]", ["a", "b"]), ("[a,b]", ["a", "b"]), ("a\nb", ["a", "b"]),
            ("a\r\nb\r\n", ["a", "b"]), ("a/\nb/\na/\n", ["a", "b"]),
            ("[ \"a\" , \"b\" ]\n", ["a", "b"]),
            ("", []), ("[]", []), ("[ ]", []), ("a", ["a"]), ("[a,a]", ["a"]),
        ])
    func lists(text: String, items: [String]) {
        #expect(MetadataText.list(text) == items)
    }

    @Test(
        "is no list where it was cut off",
        arguments: [
            "[\"a\",\"b", "[\"a\",\"b\"", "[a,b", "[\"a\",", "[", "]", "a]", "[a,]", "[\"a]",
        ])
    func cut(text: String) {
        #expect(MetadataText.list(text) == nil)
    }

    @Test(
        "is neither HTML nor binary nor full of control characters",
        arguments: [
            Array("<html>".utf8), Array(" \n<!DOCTYPE html>".utf8), [0xFF, 0xFE], [0x61, 0],
            Array("a\u{1B}[2J".utf8), [0xC3, 0x28], [0x7F],
        ] as [[UInt8]])
    func noText(body: [UInt8]) {
        #expect(MetadataText.text(body) == nil)
    }

    @Test("loses the blanks around it")
    func trimmed() {
        #expect(MetadataText.text(Array(" 10.0.0.1\r\n".utf8)) == "10.0.0.1")
        #expect(MetadataText.text([]) == "")
    }

    @Test(
        "says after how long to try again, in seconds or as a date",
        arguments: [
            ("5", 5), (" 0 ", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 7),
            ("999999999999999999999", 86_400),
            ("Sun, 06 Nov 1994 08:49:30 GMT", 0), ("Fri, 31 Dec 2199 23:59:59 GMT", 86_400),
            ("-1", nil), ("soon", nil), ("", nil), ("Sun, 06 Nov 1994 08:49:37 CET", nil),
        ] as [(String, Int?)])
    func retryAfter(text: String, seconds: Int?) {
        let duration = RetryAfter.duration(text, now: 784_111_770)
        #expect(duration == seconds.map { .seconds($0) })
    }
}
