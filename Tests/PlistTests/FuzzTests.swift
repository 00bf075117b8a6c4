import Plist
import Testing

@Suite("Mutated files") struct FuzzTests {
    static let seeds: [String] = [
        """
        // comment
        { Version = 1; Interfaces = ( { Name = eth0; Addresses = ( "10.0.0.20/24", a:b/64, ); },
          { "MAC\\U00e9" = "x\\"y\\n"; Queues = { RPS = auto; }; } ); /* end */
          Sysctl = { "net.ipv4.ip_forward" = 0x1; }; }
        """,
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://x/p.dtd">
        <plist version="1.0"><dict><key>Version</key><integer>1</integer><key>A</key><array>
        <dict><key>B</key><true/><key>C</key><string>&amp;&#233;<![CDATA[x]]></string></dict>
        <string/></array></dict></plist>
        """,
    ]

    static let pieces: [String] = [
        "{", "}", "(", ")", ";", ",", "=", "\"", "\\", "//", "/*", "*/", "\n", "\r", "\\U",
        "\\Ud83d", "é",
        "\u{0}", "<", ">", "</", "/>", "&", "&x;", "<!--", "-->", "<![CDATA[", "]]>", "<key>",
        "</key>", "<dict>",
        "</dict>", "<array>", "<integer>", "<!DOCTYPE a [", "<!ENTITY b \"c\">", "<?x?>",
        "\u{FEFF}", "A = b;",
    ]

    @Test(
        "never crash the reader: there is a tree or a problem, each with a place in the file",
        arguments: seeds.indices, 0..<10)
    func mutations(file: Int, round: Int) {
        let seed = UInt64(file * 1000 + round)
        var generator = SeededGenerator(seed: seed)
        let original = Array(Self.seeds[file].utf8)
        for _ in 0..<1_100 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                Self.mutate(&bytes, &generator)
            }
            let reading = PlistReader.read(SourceText(file: "f", bytes: bytes))
            let lines = bytes.count { $0 == 10 || $0 == 13 } + 1
            let isPlaced = reading.diagnostics.allSatisfy { diagnostic in
                guard let location = diagnostic.location else { return false }
                return (1...lines).contains(location.line) && location.column >= 1
                    && !diagnostic.message.isEmpty
            }
            guard isPlaced, reading.root != nil || !reading.diagnostics.isEmpty else {
                Issue.record("seed \(seed): \(bytes)")
                return
            }
            guard reading.diagnostics.isEmpty, let root = reading.root else { continue }
            let again = PlistReader.read(SourceText(file: "f", text: root.value.text))
            guard again.root?.value == root.value else {
                Issue.record("seed \(seed): not written as read: \(bytes)")
                return
            }
        }
    }

    static func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        let place = Int.random(in: 0...bytes.count, using: &generator)
        let length = min(Int.random(in: 1...12, using: &generator), bytes.count - place)
        switch Int.random(in: 0...4, using: &generator) {
        case 0: bytes.removeSubrange(place..<place + length)
        case 1:
            bytes.insert(
                contentsOf: (Self.pieces.randomElement(using: &generator) ?? "").utf8, at: place)
        case 2 where place < bytes.count:
            bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 3: bytes.insert(contentsOf: Array(bytes[place..<place + length]), at: 0)
        default: bytes.insert(contentsOf: Array(bytes[place..<place + length]), at: place)
        }
    }
}
