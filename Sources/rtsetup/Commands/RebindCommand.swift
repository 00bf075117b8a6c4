import ArgumentParser
import DataPlane
import Netlink
import Plist

struct RebindCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "rebind",
        abstract:
            "Move floating addresses to another interface, let go of them, or replace an ENI.",
        usage: """
            rtsetup rebind ADDRESS ... --to INTERFACE
            rtsetup rebind ADDRESS ... --release
            rtsetup rebind --replace OLD-MAC --with NEW-MAC
            """)

    @Argument(help: ArgumentHelp("What moves.", valueName: "address"))
    var addresses: [String] = []

    @Option(help: ArgumentHelp("By name, altname or MAC address.", valueName: "interface"))
    var to: String?

    @Flag(help: "Another host takes them up.")
    var release = false

    @Option(help: ArgumentHelp("An interface that is gone.", valueName: "old-mac"))
    var replace: String?

    @Option(name: .customLong("with"), help: ArgumentHelp("Its successor.", valueName: "new-mac"))
    var successor: String?

    @Option(help: ArgumentHelp("How often the neighbours are told, 200 ms apart.", valueName: "n"))
    var announce = Announcement.usualCount

    @Flag(help: "Until the next boot alone.")
    var runtime = false

    @Flag(
        help: """
            Also what is not Floating, to an interface without a carrier, and where a foreign \
            default route goes with an address.
            """)
    var force = false

    @Flag(help: "Print the plan instead.")
    var dryRun = false

    @OptionGroup var options: GlobalOptions

    func validate() throws {
        _ = try action
        guard (0...100).contains(announce) else {
            throw ValidationError("--announce takes a number from 0 to 100")
        }
    }

    private var action: Rebind.Action {
        get throws {
            let chosen = [to != nil, release, replace != nil || successor != nil].count { $0 }
            guard chosen == 1 else {
                throw ValidationError("one of --to, --release and --replace … --with is needed")
            }
            if replace != nil || successor != nil {
                guard let replace, let successor, addresses.isEmpty else {
                    throw ValidationError(
                        "it is --replace OLD-MAC --with NEW-MAC, without addresses")
                }
                return .replace(try mac(replace), with: try mac(successor))
            }
            guard !addresses.isEmpty else { throw ValidationError("no address is given") }
            var parsed: [IPAddress] = []
            for text in addresses {
                guard let address = IPAddress(text) else {
                    throw ValidationError(
                        "'\(text)' is not an address; it keeps the prefix length of the file")
                }
                if !parsed.contains(address) { parsed.append(address) }
            }
            return to.map { .bind(parsed, to: $0) } ?? .release(parsed)
        }
    }

    private func mac(_ text: String) throws -> MACAddress {
        guard let mac = MACAddress(text) else {
            throw ValidationError("'\(text)' is not a MAC address")
        }
        return mac
    }

    func execute(_ report: inout Report) throws(Failure) -> ExitStatus {
        let action: Rebind.Action
        do { action = try self.action } catch { throw Failure(.usage, "\(error)") }
        let rebind = Rebind(action, isRuntime: runtime, isForced: force)
        let planOptions = Plan.Options(force: force)
        let stopwatch = Stopwatch()
        let (config, warnings) = try readConfig(trust: .required, &report)
        let read = stopwatch.microseconds
        if dryRun {
            var preview = try preview(.rebind(rebind, config), planOptions)
            preview.durations.read += read
            preview.warnings = warnings + preview.warnings
            try report.show(preview)
            return .done
        }
        var outcome = try carryOut(.rebind(rebind, config), planOptions, announcing: announce)
        outcome.durations.read += read
        outcome.warnings = warnings + outcome.warnings
        return report.show(outcome, of: rebind, announced: announce)
    }
}
