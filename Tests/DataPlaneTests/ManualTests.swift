import Glibc
import Testing

@testable import DataPlane

@Suite("rtsetup.plist(5)") struct ManualTests {
    static let page =
        #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        + "/man/rtsetup.plist.5"

    static let keys: [String] =
        names(of: TopLevelKey.self) + names(of: InterfaceKey.self) + names(of: AddressKey.self)
        + names(of: RouteKey.self) + names(of: NextHopKey.self) + names(of: RuleKey.self)
        + names(of: QueuesKey.self) + names(of: DiscoveryKey.self)

    private static func names<Key: ConfigKey>(of: Key.Type) -> [String] {
        Key.allCases.map(\.rawValue)
    }

    @Test("explains every key that the reader knows, and no other")
    func keysAreThere() throws {
        let bytes = try #require(try Files.read(Self.page))
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        var explained: Set<String> = []
        for (line, before) in zip(lines.dropFirst(), lines) {
            // A tagged paragraph's heading, `.B Key` or `.BR Key ", " Other`.
            if before == ".TP", line.hasPrefix(".B") {
                explained.formUnion(
                    line.split(separator: " ").dropFirst().map(String.init).filter {
                        $0.first?.isUppercase ?? false
                    })
            }
            // A key within another's text: \fBKey\fR.
            for part in line.split(separator: "\\fB", omittingEmptySubsequences: false).dropFirst()
            {
                explained.insert(String(part.prefix { $0 != "\\" }))
            }
        }
        #expect(Set(Self.keys).subtracting(explained).sorted() == [])
        #expect(explained.subtracting(Self.keys).sorted() == [])
    }
}
