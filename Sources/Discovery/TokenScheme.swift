/// How a service hands out the token that its answers may need.
///
/// The token is fetched by PUT from `/latest/api/token`. A service that has no such thing, or does
/// not insist, is read without.
public struct TokenScheme: Hashable, Sendable {
    /// Asks for a lifetime.
    var lifetimeHeader: String
    /// Carries the token.
    var header: String

    static let path = "/latest/api/token"
    /// In seconds; a run takes less.
    static let lifetime = "300"

    /// One word that can stand in a header.
    static func token(_ body: [UInt8]) -> String? {
        guard let text = MetadataText.text(body), (1...1024).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        return text
    }
}
