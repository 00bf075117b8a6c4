import Discovery

/// Asks, and prints or writes the answer: once, or again and again.
struct Run {
    let source: Source
    let output: OutputFile?
    let primary: PrimaryPolicy
    let timeout: Duration
    let isQuiet: Bool

    enum Failure: Error, CustomStringConvertible {
        case discovery(DiscoveryFailure)
        case output(OutputFile.Failure)

        var exitCode: Int32 {
            switch self {
            case .discovery(let failure): failure.kind == .noService ? 69 : 75
            case .output: 74
            }
        }

        var description: String {
            switch self {
            case .discovery(let failure): failure.message
            case .output(let failure): "\(failure)"
            }
        }
    }

    enum Outcome {
        case printed, unchanged, written
        case failed(Failure)

        var failure: Failure? {
            guard case .failed(let failure) = self else { return nil }
            return failure
        }
    }

    func once() async -> Outcome {
        do throws(DiscoveryFailure) {
            let instance = try await discover()
            do throws(OutputFile.Failure) {
                return try deliver(instance)
            } catch { return .failed(.output(error)) }
        } catch { return .failed(.discovery(error)) }
    }

    private func discover() async throws(DiscoveryFailure) -> DiscoveredInstance {
        let progress = Progress(isShown: !isQuiet, of: source.provider.name)
        defer { progress.clear() }
        let transport = HTTPTransport()
        let service = MetadataService(
            transport: transport, endpoint: source.endpoint,
            tokenScheme: source.provider.tokenScheme, timeout: timeout,
            progress: progress.show)
        let result: Result<DiscoveredInstance, DiscoveryFailure>
        do throws(DiscoveryFailure) {
            result = .success(try await Discoverer(source.provider, service: service).run())
        } catch { result = .failure(error) }
        await transport.close()
        return try result.get()
    }

    private func deliver(_ instance: DiscoveredInstance) throws(OutputFile.Failure) -> Outcome {
        guard let output else {
            let previous = try OutputFile(Self.usualPath).read().map(PreviousDiscovery.init)
            Console.print(instance.text(primary: primary, previous: previous ?? .init()))
            return .printed
        }
        let old = try output.read()
        let previous = old.map(PreviousDiscovery.init)
        let text = instance.text(primary: primary, previous: previous ?? .init())
        guard old != Array(text.utf8) else { return .unchanged }
        try output.write(text)
        return .written
    }

    /// Route tables are numbered as there where nothing is written.
    private static let usualPath = "/run/rtdiscover/discovered.plist"

    /// Only what changes is told, so that a journal stays short.
    func forever(every interval: Duration) async {
        var trouble: String?
        while true {
            let begin = ContinuousClock.now
            var pause = interval
            switch await once() {
            case .printed: break
            case .unchanged:
                if trouble != nil { say("complete again; unchanged\n") }
                trouble = nil
            case .written:
                say("written\n")
                trouble = nil
            case .failed(let failure):
                if failure.description != trouble { Console.complain(failure) }
                trouble = failure.description
                if case .discovery(let failure) = failure {
                    pause = max(pause, failure.retryAfter ?? .zero)
                }
            }
            let rest = pause - (ContinuousClock.now - begin)
            try? await Task.sleep(for: rest > .zero ? rest : Self.shortestPause)
        }
    }

    /// Behind a run that took longer than the interval.
    private static let shortestPause = Duration.seconds(1)

    private func say(_ text: String) {
        if !isQuiet { Console.tell(text) }
    }
}
