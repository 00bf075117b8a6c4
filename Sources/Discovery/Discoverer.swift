/// A whole run: reads until two reads in a row agree.
public struct Discoverer: Sendable {
    private let provider: any Provider
    private let service: MetadataService

    public init(_ provider: any Provider, service: MetadataService) {
        self.provider = provider
        self.service = service
    }

    /// - Throws: why there is no complete and consistent answer; nothing of it is to be used.
    public func run() async throws(DiscoveryFailure) -> DiscoveredInstance {
        var last: DiscoveredInstance?
        var attempt = 0
        while true {
            var failure: DiscoveryFailure
            do throws(DiscoveryFailure) {
                let instance = try await provider.read(service)
                try instance.check()
                if instance == last { return instance }
                let isFirst = last == nil
                last = instance
                if isFirst { continue }
                failure = .inconsistent("two reads in a row differ")
            } catch {
                guard error.kind == .inconsistent else { throw error }
                last = nil
                failure = error
            }
            try await service.recover(from: failure, attempt: attempt)
            attempt += 1
        }
    }
}
