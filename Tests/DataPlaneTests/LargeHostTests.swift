import Netlink
import Plist
import Testing

@testable import DataPlane

/// A host with as many addresses as one may ever have. What looked at all of them for each of them
/// would take minutes here, of which each test has one.
@Suite("A host of 12,000 addresses", .timeLimit(.minutes(1)), .serialized)
struct LargeHostTests {
    private static let count = 12_000
    private static let eth1: InterfaceIndex = 3

    /// eth0 and eth1 as they are found.
    private static let empty: KernelState = {
        var state = KernelState(links: [
            Link(index: 1, name: "lo", flags: 0x9, hardwareType: 772),
            Link(index: 2, name: "eth0", group: 82, flags: 0x1),
            Link(index: eth1, name: "eth1", group: 82, flags: 0x1),
        ])
        state.rules = .ofTheKernel
        state.sysctls[.interface("eth1", "ipv6", "disable_ipv6")] = "0"
        for scope in ["all", "eth0", "eth1"] {
            state.sysctls[.interface(scope, "ipv4", "promote_secondaries")] = "1"
        }
        return state
    }()

    private static func file(_ family: AddressFamily, _ keys: String) -> String {
        let (first, gateway) =
            family == .ipv4 ? ("10.1", "10.1.255.254") : ("2001:db8:0:1:", "fe80::1")
        let addresses = (0..<count).map { number in
            let (high, low) = (number / 250, number % 250 + 1)
            return family == .ipv4
                ? "\"\(first).\(high).\(low)/32\"" : "\"\(first):\(high):\(low)/128\""
        }
        return """
            { Version = 1; Interfaces = ( { Name = eth1; Table = 1001; Gateway = "\(gateway)";
            GatewayOnLink = YES; \(keys) Addresses = ( \(addresses.joined(separator: ", ")) ); } ); }
            """
    }

    /// The host once a file is in force.
    private static func configured(_ desired: DesiredState) -> KernelState {
        var state = empty
        for entry in desired.wanted {
            switch entry.object {
            case .address(let address):
                state.addresses.append(address)
                guard address.family == .ipv6 else { continue }
                state.routes.append(
                    Route(
                        destination: .host(address.address), protocol: .kernel, metric: 256,
                        nextHops: [NextHop(interface: address.interface)]))
            case .route(let route): state.routes.append(route)
            case .rule(let rule) where rule.protocol != .kernel: state.rules.append(rule)
            default: break
            }
        }
        return state
    }

    @Test(
        "is planned, completed, found as planned, given back and undone",
        arguments: AddressFamily.allCases, ["address", "auto"])
    func wholeLife(family: AddressFamily, ruleSource: String) throws {
        let text = Self.file(family, "RuleSource = \(ruleSource);")
        let config = try ConfigReader.read([SourceText(file: "main", text: text)]).config
        let desired = DesiredState(config, kernel: Self.empty, memory: Memory())
        let first = Plan(from: Self.empty, to: desired, memory: Memory())
        #expect(first.conflicts == [])
        let memory = first.memory
        let there = Self.configured(desired)

        let again = DesiredState(config, kernel: there, memory: memory)
        #expect(Plan(from: there, to: again, memory: memory).changes.map(\.action) == [])
        var half = there
        half.addresses.removeLast(Self.count / 2)
        let rest = Plan(from: half, to: again, memory: memory)
        #expect(rest.changes.count { $0.object.kind == "address" } == Self.count / 2)

        let nothing = DesiredState(forTeardownOf: there, memory: memory)
        let last = Plan(from: there, to: nothing, memory: memory)
        #expect(last.changes.count { $0.object.kind == "address" } == Self.count)
        #expect(!Restoration(of: first.changes, from: there, to: Self.empty).changes.isEmpty)
        #expect(Restoration(of: last.changes, from: there, to: there).changes.isEmpty)
    }
}
