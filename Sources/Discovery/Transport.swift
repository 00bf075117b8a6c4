/// One HTTP exchange; what a transport needs to know.
public struct MetadataRequest: Hashable, Sendable {
    public enum Method: String, Sendable {
        case get = "GET"
        case put = "PUT"
    }

    public var method: Method
    public var url: String
    public var headers: [Header]
    /// From the connection to the last byte of the answer.
    public var timeout: Duration

    public struct Header: Hashable, Sendable {
        public var name: String
        public var value: String
    }
}

public struct MetadataResponse: Hashable, Sendable {
    public var status: Int
    /// The header `Retry-After` as it came.
    public var retryAfter: String?
    public var body: [UInt8]

    public init(status: Int, retryAfter: String? = nil, body: [UInt8] = []) {
        self.status = status
        self.retryAfter = retryAfter
        self.body = body
    }
}

public enum TransportError: Error, Hashable, Sendable {
    /// No connection came about.
    case unreachable(String)
    /// A connection did, and no whole answer.
    case broken(String)
    /// An answer beyond the bounds, or none in HTTP.
    case refused(String)
}

/// Who speaks HTTP. It follows no redirect and knows no proxy.
public protocol Transport: Sendable {
    /// The largest body, in bytes.
    static var maximumBody: Int { get }

    func send(_ request: MetadataRequest) async throws(TransportError) -> MetadataResponse
}

extension Transport {
    public static var maximumBody: Int { 1 << 16 }
}
