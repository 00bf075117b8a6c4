/// A metadata service, asked with patience and within bounds.
///
/// Requests are in flight together, at first few, then more: these services, and the ones that
/// stand in for them, keep short queues. After a failure they go one at a time, each on its own
/// connection, and all of them wait for what a back-off or `Retry-After` says.
public actor MetadataService {
    private let transport: any Transport
    private let endpoint: String
    private let tokenScheme: TokenScheme?
    private let timeout: Duration
    private let time: Timekeeper
    private let progress: @Sendable (Int) -> Void

    private var answers = 0
    private var hasConnected = false
    private var isStruggling = false
    private var lastFailure: DiscoveryFailure?
    /// What ended the run.
    private var verdict: DiscoveryFailure?
    private var pausedUntil = Duration.zero
    private var window = MetadataService.firstWindow
    private var inFlight = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var token: Task<Result<String?, DiscoveryFailure>, Never>?

    private static let firstWindow = 4.0
    private static let largestWindow = 16.0
    private static let requestTimeout = Duration.seconds(3)
    private static let maximumRenewals = 3
    private static let firstDelay = Duration.milliseconds(200)
    private static let longestDelay = Duration.seconds(5)

    /// - Parameters:
    ///   - endpoint: `http://HOST[:PORT]`.
    ///   - timeout: of the whole run, from the `Timekeeper`'s beginning.
    ///   - progress: told the number of answers.
    public init(
        transport: any Transport, endpoint: String, tokenScheme: TokenScheme?, timeout: Duration,
        time: Timekeeper = Timekeeper(), progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.transport = transport
        self.endpoint = endpoint
        self.tokenScheme = tokenScheme
        self.timeout = timeout
        self.time = time
        self.progress = progress
    }

    /// What a path holds; nil where there is no such thing (404).
    public func text(_ path: String) async throws(DiscoveryFailure) -> String? {
        var attempt = 0
        var renewals = 0
        while true {
            let token = try await currentToken()
            let headers = token.flatMap { token in
                tokenScheme.map { [MetadataRequest.Header(name: $0.header, value: token)] }
            }
            let failure: DiscoveryFailure
            switch await send(.get, path, headers ?? []) {
            case .success(let response):
                switch response.status {
                case 200:
                    guard let text = MetadataText.text(response.body) else {
                        throw .refused("\(path) is no plain text")
                    }
                    return text
                case 404: return nil
                case 401 where tokenScheme != nil, 403 where tokenScheme != nil:
                    await discard(token)
                    renewals += 1
                    // It may have expired.
                    if renewals <= Self.maximumRenewals { continue }
                    failure = refusal(of: path, response)
                default: failure = refusal(of: path, response)
                }
            case .failure(let error): failure = error
            }
            try recover(from: failure, attempt: attempt)
            attempt += 1
        }
    }

    /// What several paths hold, asked together; a path that is absent (404) has no entry.
    ///
    /// Tasks of their own: a task group of such results is miscompiled by Swift 6.3 with
    /// optimisation, and ends before its children.
    /// - Throws: the first failure; what is still in flight is given up.
    nonisolated func texts(_ paths: [String]) async throws(DiscoveryFailure) -> [String: String] {
        let tasks = paths.map { path in
            Task { () async -> Result<String?, DiscoveryFailure> in
                do throws(DiscoveryFailure) {
                    return .success(try await self.text(path))
                } catch {
                    await self.giveUp(error)
                    return .failure(error)
                }
            }
        }
        var texts: [String: String] = [:]
        var failure: DiscoveryFailure?
        for (path, task) in zip(paths, tasks) {
            switch await task.value {
            case .success(let text): texts[path] = text
            case .failure(let error):
                failure = failure ?? error
                for task in tasks { task.cancel() }
            }
        }
        if let failure { throw failure }
        return texts
    }

    /// Nothing more is asked.
    private func giveUp(_ failure: DiscoveryFailure) {
        verdict = verdict ?? failure
    }

    /// Makes everything wait before the next try.
    ///
    /// - Throws: `failure` where it is final, or where the time is up before that.
    func recover(from failure: DiscoveryFailure, attempt: Int) throws(DiscoveryFailure) {
        guard failure.kind != .refused else { throw failure }
        if let verdict { throw verdict }
        lastFailure = failure
        if failure.kind == .unavailable {
            isStruggling = true
            window = 1
        }
        let doubled = Self.firstDelay * (1 << min(attempt, 6))
        let delay = min(doubled, Self.longestDelay) * (0.5 + time.jitter() / 2)
        pausedUntil = max(pausedUntil, time.now() + max(delay, failure.retryAfter ?? .zero))
        guard pausedUntil < timeout, !Task.isCancelled else {
            var failure = failure
            if failure.kind == .unavailable, !hasConnected { failure.kind = .noService }
            throw failure
        }
    }

    // MARK: One exchange

    private func send(
        _ method: MetadataRequest.Method, _ path: String, _ headers: [MetadataRequest.Header]
    ) async -> Result<MetadataResponse, DiscoveryFailure> {
        await enter()
        defer { leave() }
        while time.now() < min(pausedUntil, timeout), !Task.isCancelled {
            await time.sleep(min(pausedUntil, timeout) - time.now())
        }
        if let verdict { return .failure(verdict) }
        let left = timeout - time.now()
        guard left > .zero, !Task.isCancelled else {
            return .failure(
                lastFailure ?? DiscoveryFailure(.unavailable, "\(path): the time is up"))
        }
        var request = MetadataRequest(
            method: method, url: endpoint + path, headers: headers,
            timeout: min(Self.requestTimeout, left))
        if isStruggling { request.headers.append(.init(name: "Connection", value: "close")) }
        do throws(TransportError) {
            let response = try await transport.send(request)
            hasConnected = true
            answers += 1
            progress(answers)
            if !isStruggling { window = min(window + 0.5, Self.largestWindow) }
            return .success(response)
        } catch {
            switch error {
            case .unreachable(let reason):
                return .failure(DiscoveryFailure(.unavailable, "\(endpoint): \(reason)"))
            case .broken(let reason):
                hasConnected = true
                return .failure(DiscoveryFailure(.unavailable, "\(path): \(reason)"))
            case .refused(let reason):
                hasConnected = true
                return .failure(.refused("\(path): \(reason)"))
            }
        }
    }

    /// A status that is neither an answer nor an absence.
    private func refusal(of path: String, _ response: MetadataResponse) -> DiscoveryFailure {
        if (200..<400).contains(response.status) {
            let reason = response.status < 300 ? "" : "; redirects are not followed"
            return .refused("\(path): HTTP status \(response.status)\(reason)")
        }
        return DiscoveryFailure(
            .unavailable, "\(path): HTTP status \(response.status)",
            retryAfter: response.retryAfter.flatMap { RetryAfter.duration($0) })
    }

    private func enter() async {
        while inFlight >= Int(window) { await withCheckedContinuation { waiting.append($0) } }
        inFlight += 1
    }

    private func leave() {
        inFlight -= 1
        let places = max(0, Int(window) - inFlight)
        let next = waiting.prefix(places)
        waiting.removeFirst(next.count)
        for continuation in next { continuation.resume() }
    }

    // MARK: Token

    private func currentToken() async throws(DiscoveryFailure) -> String? {
        guard tokenScheme != nil else { return nil }
        if token == nil { token = Task { await self.fetchToken() } }
        let result = await token?.value
        if case .failure = result { token = nil }
        return try result?.get()
    }

    /// Unless another request has already done so.
    private func discard(_ old: String?) async {
        guard let current = token, case .success(let value) = await current.value, value == old,
            token == current
        else { return }
        token = nil
    }

    /// A status that says nothing about tokens: 501 does, the service knows no PUT.
    private static func isTrouble(_ status: Int) -> Bool {
        status == 429 || status >= 500 && status != 501
    }

    /// nil where there is none to be had: the service may do without.
    private func fetchToken() async -> Result<String?, DiscoveryFailure> {
        guard let tokenScheme else { return .success(nil) }
        var attempt = 0
        while true {
            let headers = [
                MetadataRequest.Header(
                    name: tokenScheme.lifetimeHeader, value: TokenScheme.lifetime)
            ]
            let failure: DiscoveryFailure
            switch await send(.put, TokenScheme.path, headers) {
            case .success(let response) where response.status == 200:
                guard let token = TokenScheme.token(response.body) else {
                    return .failure(.refused("\(TokenScheme.path) is no token"))
                }
                return .success(token)
            case .success(let response) where Self.isTrouble(response.status):
                failure = refusal(of: TokenScheme.path, response)
            case .success:
                return .success(nil)
            case .failure(let error):
                // Behind more hops than the service allows, a PUT is never answered.
                if error.kind == .unavailable, hasConnected, attempt > 0 { return .success(nil) }
                failure = error
            }
            do throws(DiscoveryFailure) {
                try recover(from: failure, attempt: attempt)
            } catch {
                return .failure(error)
            }
            attempt += 1
        }
    }
}
