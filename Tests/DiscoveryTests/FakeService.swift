import Synchronization

@testable import Discovery

/// A service in memory: a tree, and what goes wrong before it answers.
final class FakeService: Transport {
    /// What a request meets; nil: the tree's answer.
    typealias Fault =
        @Sendable (MetadataRequest, _ number: Int) -> Result<
            MetadataResponse, TransportError
        >?

    private let tree: Mutex<[String: String]>
    private let fault: Fault
    private let log = Mutex<[MetadataRequest]>([])

    init(_ tree: [String: String], fault: @escaping Fault = { _, _ in nil }) {
        self.tree = Mutex(tree)
        self.fault = fault
    }

    var requests: [MetadataRequest] { log.withLock { $0 } }

    func send(_ request: MetadataRequest) async throws(TransportError) -> MetadataResponse {
        let number = log.withLock { log in
            log.append(request)
            return log.count
        }
        if let answer = fault(request, number) { return try answer.get() }
        guard request.method == .get else { return MetadataResponse(status: 404) }
        let path = String(request.url.dropFirst("http://test/latest/meta-data/".count))
        guard let body = body(path) else { return MetadataResponse(status: 404) }
        return MetadataResponse(status: 200, body: Array(body.utf8))
    }

    /// A key's value, or the listing of a folder.
    private func body(_ path: String) -> String? {
        tree.withLock { tree in
            if let body = tree[path] { return body }
            let names = tree.keys.filter { $0.hasPrefix(path) }.map { key in
                let rest = key.dropFirst(path.count)
                return rest.firstIndex(of: "/").map { String(rest[...$0]) } ?? String(rest)
            }
            return names.isEmpty || !path.hasSuffix("/")
                ? nil : Set(names).sorted().joined(separator: "\n")
        }
    }
}

/// A clock that costs no time: whoever sleeps is there at once.
final class FakeTime: Sendable {
    private let elapsed = Mutex(Duration.zero)

    var now: Duration { elapsed.withLock { $0 } }

    func pass(_ duration: Duration) { elapsed.withLock { $0 += duration } }

    var keeper: Timekeeper {
        Timekeeper(now: { self.now }, sleep: { self.pass($0) }, jitter: { 1 })
    }
}

/// A run on a service in memory.
func discover(
    _ service: FakeService, by provider: any Provider = AlibabaProvider(),
    timeout: Duration = .seconds(30), time: FakeTime = FakeTime()
) async throws(DiscoveryFailure) -> DiscoveredInstance {
    let metadata = MetadataService(
        transport: service, endpoint: "http://test", tokenScheme: provider.tokenScheme,
        timeout: timeout, time: time.keeper)
    return try await Discoverer(provider, service: metadata).run()
}

/// The kinds of how a run ended; nil: it did not fail.
func failure(
    _ service: FakeService, by provider: any Provider = AlibabaProvider(),
    timeout: Duration = .seconds(30), time: FakeTime = FakeTime()
) async -> DiscoveryFailure? {
    do throws(DiscoveryFailure) {
        _ = try await discover(service, by: provider, timeout: timeout, time: time)
        return nil
    } catch {
        return error
    }
}

let macs = "network/interfaces/macs/"

/// Two ENIs on one subnet, the second with a secondary address and IPv6.
let alibabaTree: [String: String] = {
    let first = macs + "00:16:3e:12:e7:00/"
    let second = macs + "00:16:3e:12:e7:01/"
    return [
        "mac": "00:16:3e:12:e7:00", "instance-id": "i-1",
        first + "primary-ip-address": "10.0.0.19", first + "private-ipv4s": "[\"10.0.0.19\"]",
        first + "netmask": "255.255.255.0", first + "gateway": "10.0.0.253",
        first + "vswitch-cidr-block": "10.0.0.0/24",
        second + "primary-ip-address": "10.0.0.30",
        second + "private-ipv4s": "[\"10.0.0.20\",\"10.0.0.30\"]",
        second + "netmask": "255.255.255.0", second + "gateway": "10.0.0.253",
        second + "ipv6s": "[2001:db8::20,2001:db8::5]", second + "ipv6-gateway": "2001:db8::ff",
        second + "vswitch-ipv6-cidr-block": "2001:db8::/64",
        second + "network-interface-id": "eni-2", second + "vswitch-id": "vsw-1",
    ]
}()

let tencentTree: [String: String] = {
    let nic = macs + "52:54:00:BF:B3:51/"
    let address = nic + "local-ipv4s/10.104.13.59/"
    return [
        "mac": "52:54:00:BF:B3:51", nic + "primary-local-ipv4": "10.104.13.59",
        nic + "mac": "52:54:00:BF:B3:51", nic + "subnet-id": "subnet-1",
        address + "gateway": "10.15.1.1", address + "subnet-mask": "255.255.192.0",
    ]
}()

let awsTree: [String: String] = {
    let nic = macs + "06:74:8f:39:cd:a6/"
    return [
        "mac": "06:74:8f:39:cd:a6", nic + "local-ipv4s": "10.41.41.95\n10.41.41.7",
        nic + "subnet-ipv4-cidr-block": "10.41.41.0/24", nic + "ipv6s": "2600:1f16::7",
        nic + "subnet-ipv6-cidr-blocks": "2600:1f16:1::/64\n2600:1f16::/64",
        nic + "interface-id": "eni-1",
    ]
}()
