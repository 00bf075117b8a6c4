import DataPlane
import Plist
import Testing

@testable import Discovery

@Suite("Mutated metadata") struct BodyFuzzTests {
    private static let pieces = [
        "[", "]", "\"", ",", "\n", "\r\n", "/", ":", ".", "0", "255", "::", "<html>", "\u{0}", "é",
        "*/", "//", "};", " Sysctl = { x = 1; };", "10.0.0.20", "10.0.0.253", "2001:db8::20",
        "00:16:3e:12:e7:01", "\u{2028}", "\\U000a", "999999999999", "/24", "0.0.0.0", "::1",
        "224.0.0.1", "ff:ff:ff:ff:ff:ff", "-1", "127.0.0.1", "255.0.255.0", "fe80::1",
    ]

    private static func mutate(_ body: inout [UInt8], _ generator: inout SeededGenerator) {
        let place = Int.random(in: 0...body.count, using: &generator)
        let end = min(body.count, place + Int.random(in: 0...6, using: &generator))
        let piece = pieces.randomElement(using: &generator) ?? ""
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: body.removeSubrange(place..<end)
        case 1: body.insert(contentsOf: piece.utf8, at: place)
        case 2: body.replaceSubrange(place..<end, with: piece.utf8)
        case 3: body.insert(UInt8.random(in: 0...255, using: &generator), at: place)
        default: body = Array(piece.utf8)
        }
    }

    /// One of them answers with something else than it should; the rest of the tree is as it was.
    private struct Mutated: Transport {
        let tree: FakeService
        let suffix: String
        let body: [UInt8]

        func send(_ request: MetadataRequest) async throws(TransportError) -> MetadataResponse {
            guard request.method == .get, request.url.hasSuffix(suffix) else {
                return try await tree.send(request)
            }
            return MetadataResponse(status: 200, body: body)
        }
    }

    @Test(
        "is refused, or becomes a file that rtsetup takes, with nothing in it but addresses",
        arguments: 0..<10)
    func mutations(round: Int) async throws {
        let clouds: [(any Provider, [String: String])] = [
            (AlibabaProvider(), alibabaTree), (TencentProvider(), tencentTree),
            (AWSProvider(), awsTree),
        ]
        var generator = SeededGenerator(seed: UInt64(round))
        var written = 0
        for number in 0..<1_000 {
            let (provider, tree) = clouds[number % clouds.count]
            let key = tree.keys.sorted().randomElement(using: &generator) ?? "mac"
            let isListing = Int.random(in: 0..<8, using: &generator) == 0
            var body = Array((tree[key] ?? "").utf8)
            if isListing { body = Array("\(tree["mac"] ?? "")/\n".utf8) }
            for _ in 0..<Int.random(in: 1...3, using: &generator) { Self.mutate(&body, &generator) }
            let transport = Mutated(
                tree: FakeService(tree), suffix: isListing ? "/macs/" : "/" + key, body: body)
            let service = MetadataService(
                transport: transport, endpoint: "http://test", tokenScheme: nil,
                timeout: .milliseconds(1), time: FakeTime().keeper)
            guard let instance = try? await Discoverer(provider, service: service).run() else {
                continue
            }
            written += 1
            for primary in PrimaryPolicy.allCases {
                let text = instance.text(primary: primary, previous: .init())
                var files = ConfigFiles(mainPath: "main", main: nil)
                files.discovery = .init(path: "f", source: SourceText(file: "f", text: text))
                #expect(throws: Never.self, "\(round) \(number) \(key): \(body)") {
                    let (config, _) = try ConfigReader.read(files)
                    #expect(config.sysctls == [] && config.rules == [])
                    #expect(config.interfaces.map(\.sysctls) == config.interfaces.map { _ in [] })
                }
            }
        }
        #expect(written > 50)
    }
}
