import AsyncHTTPClient
import Discovery
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import SystemPackage

/// HTTP/1.1 without redirects, proxies, compression or TLS: no environment variable is read.
///
/// NIO bounds a response's headers: 256 fields, 80 KiB each, 2 MiB together.
struct HTTPTransport: Transport {
    private let client: HTTPClient
    /// A time that is up says nothing about a service that was never reached.
    private let hasConnected = Flag()

    private static let connectTimeout = TimeAmount.seconds(1)
    /// A server of one thread serves nobody else while a connection idles.
    private static let idleTimeout = TimeAmount.milliseconds(100)
    /// More than are ever in flight: nothing waits for a place here.
    private static let connections = 32

    init() {
        var pool = HTTPClient.Configuration.ConnectionPool(
            idleTimeout: Self.idleTimeout,
            concurrentHTTP1ConnectionsPerHostSoftLimit: Self.connections)
        pool.retryConnectionEstablishment = false
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: Self.connectTimeout), connectionPool: pool, proxy: nil,
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.http1_1ConnectionDebugInitializer = { [hasConnected] channel in
            hasConnected.set()
            return channel.eventLoop.makeSucceededVoidFuture()
        }
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// What is still in flight is given up.
    func close() async {
        // Nothing is left to be done about it.
        try? await client.shutdown()
    }

    func send(_ request: MetadataRequest) async throws(TransportError) -> MetadataResponse {
        var message = HTTPClientRequest(url: request.url)
        message.method = HTTPMethod(rawValue: request.method.rawValue)
        for header in request.headers {
            message.headers.add(name: header.name, value: header.value)
        }
        do {
            return try await bounded(by: request.timeout) { [client, message] in
                let response = try await client.execute(message, timeout: .hours(1))
                let body = try await response.body.collect(upTo: Self.maximumBody)
                return MetadataResponse(
                    status: Int(response.status.code),
                    retryAfter: response.headers.first(name: "Retry-After"),
                    body: Array(body.readableBytesView))
            }
        } catch {
            throw TransportError(error)
        }
    }

    /// The client's own deadline ends with the headers.
    private func bounded(
        by timeout: Duration, _ exchange: @escaping @Sendable () async throws -> MetadataResponse
    ) async throws -> MetadataResponse {
        let task = Task(operation: exchange)
        let isLate = Flag()
        let alarm = Task {
            try await Task.sleep(for: timeout)
            isLate.set()
            task.cancel()
        }
        defer { alarm.cancel() }
        do {
            return try await task.value
        } catch {
            guard isLate.isSet else { throw error }
            throw hasConnected.isSet
                ? TransportError.broken("no whole answer within \(timeout)")
                : TransportError.unreachable("no connection within \(timeout)")
        }
    }
}

/// Once set, always set.
private final class Flag: Sendable {
    private let value = Mutex(false)

    var isSet: Bool { value.withLock { $0 } }

    func set() { value.withLock { $0 = true } }
}

extension TransportError {
    /// - Parameter error: what the client threw.
    init(_ error: any Error) {
        switch error {
        case let error as TransportError: self = error
        case let error as NIOConnectionError:
            let reasons = Set(error.connectionErrors.map { Self.reason($0.error) }).sorted()
            self = .unreachable(
                reasons.isEmpty
                    ? "'\(error.host)' has no address" : reasons.joined(separator: "; "))
        case let error as HTTPClientError where error == .connectTimeout:
            self = .unreachable("no connection within a second")
        case let error as IOError where error.isUnreachable:
            self = .unreachable(Self.reason(error))
        case is NIOTooManyBytesError: self = .refused("the body is larger than 64 KiB")
        case let error as HTTPParserError where error != .invalidEOFState:
            self = .refused("the answer is not HTTP (\(error))")
        default: self = .broken(Self.reason(error))
        }
    }

    /// The kernel's words without the client's.
    private static func reason(_ error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        return "\(Errno(rawValue: error.errnoCode)) (errno \(error.errnoCode))"
    }
}

extension IOError {
    fileprivate var isUnreachable: Bool {
        [
            ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENETDOWN, ETIMEDOUT, EACCES, EPERM,
            EADDRNOTAVAIL,
        ]
        .contains(errnoCode)
    }
}
