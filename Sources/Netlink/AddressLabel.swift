/// The label of an IPv4 address (`IFA_LABEL`): at most 15 bytes, as an interface's name has.
///
/// They lie in the value itself, so that addresses are copied as plain memory.
public struct AddressLabel: Hashable, Sendable {
    private static let maximumLength = 15  // IFNAMSIZ holds a NUL as well.

    /// In their order; the rest is zero.
    private let head: UInt64
    private let tail: UInt64

    /// - Parameter bytes: what is beyond 15 is left out.
    init(_ bytes: some Collection<UInt8>) {
        var words: (UInt64, UInt64) = (0, 0)
        withUnsafeMutableBytes(of: &words) {
            $0.copyBytes(from: bytes.prefix(Self.maximumLength))
        }
        (head, tail) = words
    }

    /// - Parameter text: what is beyond 15 bytes is left out.
    public init(_ text: String) { self.init(text.utf8) }
}

extension AddressLabel: CustomStringConvertible {
    public var description: String {
        withUnsafeBytes(of: (head, tail)) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
