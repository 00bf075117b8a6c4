import Netlink
import Testing

@testable import DataPlane

@Suite("The model of the kernel, against the kernel")
struct ModelTests {
    /// `RTSETUP_SEED` takes another.
    static let seed = Seed.base

    @Test(
        "answers, dumps and lookups are those of a namespace after the same requests",
        .enabled(if: Namespace.isAvailable), arguments: 0..<40)
    func sameAsTheKernel(_ number: Int) throws {
        let seed = Self.seed &+ UInt64(number)
        var generator = OperationGenerator(seed: seed)
        var state = OperationGenerator.emptyHost(interfaces: 3)
        let iproute2 = IPRoute2(state)
        var script = Self.preamble(state)
        var answers: [String] = []
        for link in state.links {
            let up = Change.Action.add(.link(LinkSetting(interface: link.index, .up(true))))
            try state.make(up)
            script.append(iproute2.command(up))
        }
        script.append("settle")
        for step in 0..<45 {
            guard let action = generator.operation(on: state) else { continue }
            let command = iproute2.command(action)
            script.append("\(command) 2>/dev/null && echo '\(step) yes' || echo '\(step) no'")
            switch Change(action).object {
            case .address, .link: script.append("settle")
            case .route, .rule, .sysctl, .channels, .steering: break
            }
            let isDone = (try? state.make(action)) != nil
            answers.append("\(step) \(isDone ? "yes" : "no") \(command)")
        }
        let packets = (0..<30).map { _ in generator.packet(on: state) }
        script += Self.dumps + packets.map { "\(iproute2.command($0)) 2>&1 | head -1" }

        let text = try #require(Namespace.run(script.joined(separator: "\n")))
        let parts = text.split(separator: "====\n", omittingEmptySubsequences: false)
            .map { $0.split(separator: "\n").map(String.init) }
        try #require(parts.count == 5, "seed \(seed): \(text)")
        let told = parts[0]
        for (answer, kernel) in zip(answers, told) {
            #expect(answer.hasPrefix(kernel), "seed \(seed): the kernel says \(kernel)")
        }
        try #require(told.count == answers.count)
        Self.compare(state, iproute2, dumped: parts, seed: seed)
        try #require(parts[4].count == packets.count)
        for (packet, line) in zip(packets, parts[4]) {
            let expectation = Expectation(state, packet)
            #expect(
                expectation.agrees(with: line, iproute2.names),
                "seed \(seed): \(iproute2.command(packet)): \(line)")
        }
    }

    /// Devices like the model's; their peers are up, and know no IPv6.
    private static func preamble(_ state: KernelState) -> [String] {
        var script = [
            // Without DAD too an address is tentative until a kernel thread has had its turn.
            "settle() { for _ in $(seq 1000); do",
            "[ -z \"$(ip -6 -o addr show tentative)\" ] && return; sleep 0.01; done; }",
            "sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv4.ip_forward=1",
            "sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0",
            "sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.forwarding=1",
            "sysctl -qw net.ipv4.conf.default.promote_secondaries=0",
            "sysctl -qw net.ipv4.conf.all.promote_secondaries=0",
        ]
        for link in state.links where !link.isLoopback {
            script += [
                "ip link add \(link.name) index \(link.index) type veth peer name p\(link.name)",
                "ip link set \(link.name) address \(link.mac.map { "\($0)" } ?? "")",
                "sysctl -qw net.ipv6.conf.p\(link.name).disable_ipv6=1",
                "ip link set p\(link.name) up",
            ]
        }
        return script
    }

    private static let dumps = [
        "echo ====; ip -o addr show", "echo ====; ip -4 rule show; ip -6 rule show",
        "echo ====; ip -o -4 route show table all; ip -o -6 route show table all", "echo ====",
    ]

    private static func compare(
        _ state: KernelState, _ iproute2: IPRoute2, dumped: [[String]], seed: UInt64
    ) {
        for link in state.links where !link.isLoopback {
            for family in AddressFamily.allCases {
                let mine = state.addresses(family, on: link.index).map {
                    "\($0.address)/\($0.prefixLength)"
                        + ($0.flags.contains(.secondary) ? " secondary" : "")
                        + ($0.flags.contains(.deprecated) ? " deprecated" : "")
                }
                let theirs = dumped[1].compactMap { line -> String? in
                    let words = line.split(whereSeparator: \.isWhitespace)
                    guard words.count > 3, words[1] == link.name,
                        words[2] == family.iproute2Name
                    else { return nil }
                    return "\(words[3])" + (words.contains("secondary") ? " secondary" : "")
                        + (words.contains("deprecated") ? " deprecated" : "")
                }
                #expect(mine == theirs, "seed \(seed): \(link.name)")
            }
        }
        let rules = dumped[2].map { line in
            let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
            return words.indices.filter { index in
                words[index] != "proto" && (index == 0 || words[index - 1] != "proto")
            }.map { words[$0] }.sortedLine
        }
        let ordered = AddressFamily.allCases.flatMap { family in
            state.rules.filter { $0.family == family }
        }
        #expect(ordered.map(iproute2.line) == rules, "seed \(seed)")
        let routes = dumped[3].filter { !$0.contains("table local") }.map { line in
            var words = line.split { $0.isWhitespace || $0 == "\\" }.map(String.init)
            if let index = words.firstIndex(of: "pref") { words.removeSubrange(index...index + 1) }
            let isReject = ["unreachable", "blackhole", "prohibit", "throw"].contains(words[0])
            if isReject, let index = words.firstIndex(of: "dev") {
                words.removeSubrange(index...index + 1)
            }
            return words.sortedLine
        }
        #expect(state.routes.map(iproute2.line).sorted() == routes.sorted(), "seed \(seed)")
    }
}

/// What `ip route get` should say.
private struct Expectation {
    let outcome: Fate
    let source: IPAddress?

    init(_ state: KernelState, _ packet: Packet) {
        outcome = state.lookup(packet)
        let choosesSource = packet.source == nil && packet.device == nil && packet.mark == 0
        source = choosesSource ? state.connect(to: packet.destination).source : nil
    }

    func agrees(with line: String, _ names: InterfaceNames) -> Bool {
        let words = line.split { $0.isWhitespace || $0 == "\\" }.map(String.init)
        func value(after key: String) -> String? {
            words.firstIndex(of: key).flatMap {
                $0 + 1 < words.count ? words[$0 + 1] : nil
            }
        }
        switch outcome {
        case .rejected(let rejection):
            let (number, text) =
                switch rejection {
                case .network: ("-101", "Network is unreachable")
                case .host: ("-113", "No route to host")
                case .blackhole: ("-22", "Invalid argument")
                case .prohibited: ("-13", "Permission denied")
                }
            return line.contains(text) || value(after: "error") == number
        case .local:
            return words.first == "local"
        case .out(let exits):
            let fits = exits.contains {
                names[$0.interface] == value(after: "dev")
                    && $0.gateway.map { "\($0)" } == value(after: "via")
            }
            // With several ways the hash decides on the source, too.
            guard fits, exits.count == 1, let source else { return fits }
            return "\(source)" == value(after: "src")
        }
    }
}
