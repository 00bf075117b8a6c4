public import ArgumentParser
public import Discovery
import Plist

@main
struct RTDiscover: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rtdiscover",
        abstract: "Writes what the instance's metadata says about its NICs, as rtsetup's file.",
        discussion: """
            Exit codes: 0 written, printed or unchanged; 69 no metadata service here; 74 the file \
            cannot be written; 75 no complete and consistent answer, try again. On anything but 0 \
            the old file stays as it is.
            """,
        version: "rtdiscover \(Version.current)")

    @Option(help: ArgumentHelp("auto (what DMI says), alibaba, tencent or aws.", valueName: "name"))
    var provider = "auto"

    @Option(
        help: ArgumentHelp("Where the service is, if not where the cloud has it.", valueName: "url")
    )
    var endpoint: String?

    @Flag(help: "Ask the cloud's IPv6 endpoint.")
    var ipv6Endpoint = false

    @Option(help: ArgumentHelp("Write it here, if it has changed.", valueName: "file"))
    var output: String?

    @Option(
        help: ArgumentHelp(
            "keep: DHCP keeps the primary's address. manage: it is configured like the others.",
            valueName: "policy"))
    var primary = PrimaryPolicy.keep

    @Option(help: ArgumentHelp("Look again every so many seconds.", valueName: "seconds"))
    var watch: Double?

    @Option(help: ArgumentHelp("How long a run may take.", valueName: "seconds"))
    var timeout = 30.0

    @Flag(help: "Say nothing but errors.")
    var quiet = false

    @Option(help: .hidden)
    var sysfs = "/sys"

    func validate() throws {
        guard timeout > 0, timeout <= 3600 else {
            throw ValidationError("--timeout takes seconds up to 3600")
        }
        if let watch {
            guard watch >= 1, watch <= 86_400 else {
                throw ValidationError("--watch takes seconds from 1 to 86400")
            }
            guard output != nil else { throw ValidationError("--watch needs --output") }
        }
        guard provider == "auto" || Providers.named(provider) != nil else {
            let names = Providers.all.map(\.name).joined(separator: ", ")
            throw ValidationError("--provider is auto, \(names); not '\(provider)'")
        }
        if let endpoint {
            guard !ipv6Endpoint else {
                throw ValidationError("--endpoint and --ipv6-endpoint exclude each other")
            }
            guard Endpoint(endpoint) != nil else {
                throw ValidationError("--endpoint is http://HOST[:PORT], not '\(endpoint)'")
            }
        }
    }

    func run() async throws {
        let source: Source
        do {
            source = try findSource()
        } catch {
            Console.complain(error)
            throw ExitCode(error.exitCode)
        }
        let run = Run(
            source: source, output: output.map(OutputFile.init), primary: primary,
            timeout: .seconds(timeout), isQuiet: quiet)
        if let watch {
            await run.forever(every: .seconds(watch))
        } else if let failure = await run.once().failure {
            Console.complain(failure)
            throw ExitCode(failure.exitCode)
        }
    }

    /// Whom to ask, and where.
    private func findSource() throws(Run.Failure) -> Source {
        let known =
            provider == "auto"
            ? Providers.detected(DMI(root: sysfs)) : Providers.named(provider)
        guard let known else {
            let names = Providers.all.map(\.name).joined(separator: ", ")
            throw .discovery(
                DiscoveryFailure(
                    .noService,
                    "DMI names none of the clouds that are known (\(names)); say --provider"))
        }
        guard let url = endpoint ?? (ipv6Endpoint ? known.ipv6Endpoint : known.endpoint) else {
            throw .discovery(
                DiscoveryFailure(.noService, "\(known.name) has no IPv6 metadata endpoint"))
        }
        return Source(provider: known, endpoint: Endpoint(url)?.url ?? url)
    }
}

extension PrimaryPolicy: ExpressibleByArgument {}

/// Whom to ask, and where.
struct Source {
    var provider: any Provider
    /// Without a final `/`.
    var endpoint: String
}
