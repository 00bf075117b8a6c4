import Discovery

/// `http://HOST[:PORT]`: what `--endpoint` takes. TLS is no part of any metadata service.
struct Endpoint {
    /// Without a final `/`.
    let url: String

    init?(_ text: String) {
        let url = text.hasSuffix("/") ? String(text.dropLast()) : text
        let scheme = "http://"
        guard url.hasPrefix(scheme), url.utf8.count > scheme.utf8.count,
            url.dropFirst(scheme.count).utf8.allSatisfy(Self.isAllowed)
        else { return nil }
        self.url = url
    }

    /// A name, an address with or without brackets, a port: no path, no user.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: ".-_:[]".utf8.contains(byte)
        }
    }
}
