import Synchronization
import Testing

@testable import Discovery

@Suite("A metadata service") struct PatienceTests {
    private func status(_ status: Int, _ retryAfter: String? = nil)
        -> Result<MetadataResponse, TransportError>
    {
        .success(MetadataResponse(status: status, retryAfter: retryAfter))
    }

    @Test("that nobody serves is no service, after the whole time")
    func unreachable() async {
        let time = FakeTime()
        let service = FakeService([:]) { _, _ in .failure(.unreachable("refused")) }
        let failure = await failure(service, by: TencentProvider(), time: time)
        #expect(failure?.kind == .noService)
        #expect(time.now > .seconds(20) && time.now <= .seconds(30))
        #expect((5...30).contains(service.requests.count), "backs off")
    }

    @Test("that answered once and no more is not absent")
    func broken() async {
        let service = FakeService(tencentTree) { _, number in
            number < 3 ? nil : .failure(.unreachable("refused"))
        }
        #expect(await failure(service, by: TencentProvider())?.kind == .unavailable)
    }

    @Test("that knows no metadata is no service, at once")
    func notFound() async {
        let time = FakeTime()
        #expect(
            await failure(FakeService([:]), by: TencentProvider(), time: time)?.kind == .noService)
        #expect(time.now == .zero)
    }

    @Test("that is throttled is asked again when it says so, by nobody earlier")
    func retryAfter() async throws {
        let time = FakeTime()
        let limit = Mutex(Duration.zero)
        let service = FakeService(alibabaTree) { request, number in
            if number == 4 {
                limit.withLock { $0 = time.now + .seconds(7) }
                return .success(MetadataResponse(status: 503, retryAfter: "7"))
            }
            if number > 12 { #expect(time.now >= limit.withLock { $0 }) }
            return nil
        }
        #expect(try await discover(service, time: time).interfaces.count == 2)
        #expect(time.now >= .seconds(7) && time.now < .seconds(9))
    }

    @Test("whose Retry-After lies behind the end of the run is given up at once")
    func retryAfterTheEnd() async {
        let time = FakeTime()
        let service = FakeService(alibabaTree) { _, _ in status(429, "31") }
        let failure = await failure(service, time: time)
        #expect(failure?.kind == .unavailable)
        #expect(failure?.retryAfter == .seconds(31))
        #expect(time.now == .zero)
    }

    @Test("that redirects or answers something else is refused without another try")
    func refused() async {
        for answer in [
            status(301), status(302), status(204),
            status(200, nil).map { response in
                MetadataResponse(status: response.status, body: Array("<html>".utf8))
            }, .failure(.refused("too large")),
        ] {
            let service = FakeService(tencentTree) { _, number in number == 2 ? answer : nil }
            let time = FakeTime()
            #expect(await failure(service, by: TencentProvider(), time: time)?.kind == .refused)
            #expect(time.now == .zero)
        }
    }

    @Test("is read with a token where it has one, without where it has none")
    func tokens() async throws {
        let service = FakeService(alibabaTree) { request, _ in
            let token = request.headers.first { $0.name == "X-aliyun-ecs-metadata-token" }?.value
            if request.method == .put {
                let life = request.headers.first { $0.name.hasSuffix("ttl-seconds") }
                #expect(life.flatMap { Int($0.value) }.map((1...21600).contains) == true)
                return .success(MetadataResponse(status: 200, body: Array("t0k=".utf8)))
            }
            return token == "t0k=" ? nil : status(403)
        }
        _ = try await discover(service)
        #expect(service.requests.count { $0.method == .put } == 1)
        _ = try await discover(FakeService(alibabaTree))
    }

    @Test("whose token expires in the middle gives another")
    func expiry() async throws {
        let service = FakeService(alibabaTree) { request, number in
            if request.method == .put {
                return .success(MetadataResponse(status: 200, body: Array("t\(number)".utf8)))
            }
            let token = request.headers.first { $0.name == "X-aliyun-ecs-metadata-token" }?.value
            return number > 20 && token == "t1" ? status(403) : nil
        }
        #expect(try await discover(service).interfaces.count == 2)
        #expect(service.requests.count { $0.method == .put } == 2)
    }

    @Test("is asked for sixteen things at once at most, and one after a failure")
    func window() async throws {
        let inFlight = Mutex((now: 0, most: 0))
        struct Slow: Transport {
            let service: FakeService
            let enter: @Sendable () -> Void
            let leave: @Sendable () -> Void
            func send(_ request: MetadataRequest) async throws(TransportError) -> MetadataResponse {
                enter()
                defer { leave() }
                try? await Task.sleep(for: .milliseconds(2))
                return try await service.send(request)
            }
        }
        let service = FakeService(alibabaTree) { _, number in number == 30 ? status(500) : nil }
        let transport = Slow(
            service: service,
            enter: {
                inFlight.withLock {
                    $0.now += 1
                    $0.most = max($0.most, $0.now)
                }
            },
            leave: { inFlight.withLock { $0.now -= 1 } })
        let metadata = MetadataService(
            transport: transport, endpoint: "http://test",
            tokenScheme: AlibabaProvider().tokenScheme, timeout: .seconds(30),
            time: FakeTime().keeper)
        _ = try await Discoverer(AlibabaProvider(), service: metadata).run()
        let most = inFlight.withLock { $0.most }
        #expect((4...16).contains(most))
        let closing = service.requests.count { $0.headers.contains { $0.value == "close" } }
        #expect(closing > 10, "each on its own connection")
    }

    @Test("that never says the same twice is inconsistent")
    func changing() async {
        let service = FakeService(alibabaTree) { request, number in
            guard request.url.hasSuffix(":01/ipv6s") else { return nil }
            return .success(
                MetadataResponse(status: 200, body: Array("[2001:db8::\(number)]".utf8)))
        }
        #expect(await failure(service)?.kind == .inconsistent)
    }

    @Test("whose answers settle is read")
    func settling() async throws {
        let service = FakeService(alibabaTree) { request, number in
            guard request.url.contains(":01/"), number < 60 else { return nil }
            return status(404)
        }
        #expect(try await discover(service).interfaces[1].addresses.count == 4)
    }
}
