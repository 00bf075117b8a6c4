/// A netlink attribute that is carried along as it came.
public struct RawAttribute: Hashable, Sendable {
    public var type: UInt16
    public var payload: [UInt8]

    public init(type: UInt16, payload: [UInt8]) {
        self.type = type
        self.payload = payload
    }
}
