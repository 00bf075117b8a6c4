import Plist
import Testing

@Suite("The text writer") struct TextWriterTests {
    @Test("writes what people would")
    func layout() {
        let value: PlistValue = [
            "Version": .integer(1),
            "Bindings": [
                ["Address": "10.0.0.30", "To": "00:16:3e:12:e7:01", "Held": .boolean(true)]
            ],
            "Empty": [], "One": ["a b"], "Nothing": "", "Link": "http://x", "Line": "a\n\u{1B}é",
        ]
        #expect(
            value.text == """
                {
                    Version = 1;
                    Bindings = (
                        {
                            Address = 10.0.0.30;
                            To = 00:16:3e:12:e7:01;
                            Held = YES;
                        }
                    );
                    Empty = ( );
                    One = ( "a b" );
                    Nothing = "";
                    Link = "http://x";
                    Line = "a\\n\\U001bé";
                }

                """)
    }

    @Test("is read back to an equal value", arguments: 1...200)
    func roundTrip(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let value = dictionary(depth: 4, &generator)
        let reading = read(value.text)
        #expect(reading.problems == [])
        #expect(reading.value == value)
    }

    private func dictionary(depth: Int, _ generator: inout SeededGenerator) -> PlistValue {
        let count = Int.random(in: 0...4, using: &generator)
        return .dictionary(
            (0..<count).map {
                // The number keeps keys apart.
                PlistValue.Entry(
                    string(&generator) + "\($0)", value(depth: depth - 1, &generator))
            })
    }

    private func value(depth: Int, _ generator: inout SeededGenerator) -> PlistValue {
        switch Int.random(in: 0...(depth > 0 ? 3 : 1), using: &generator) {
        case 2: dictionary(depth: depth, &generator)
        case 3:
            .array(
                (0..<Int.random(in: 0...4, using: &generator)).map { _ in
                    value(depth: depth - 1, &generator)
                })
        default: .string(string(&generator))
        }
    }

    private func string(_ generator: inout SeededGenerator) -> String {
        let pieces = [
            "a", "Z", "9", "/", "*", "//", "\\", "\"", "\n", "\r", "\t", " ", "\u{0}", "\u{1B}",
            "\u{7F}",
            "\u{85}", "\u{2028}", "é", "😀", "\u{FEFF}", "\u{301}", ";", "=", "{", ")", ":", "%",
            "\u{FFFD}",
        ]
        let count = Int.random(in: 0...6, using: &generator)
        return (0..<count).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
    }
}
