import DataPlane
import Glibc
import Netlink
import SystemPackage
import Testing

@Suite("the kernel as the plan sees it", .enabled(if: Namespace.isPermitted))
struct NetlinkKernelTests {
    @Test("changes are performed, seen, and taken back") func perform() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace()
            let kernel = try NetlinkKernel()
            let before = try kernel.observe { _ in [.forwarding, .missing] }
            #expect(before.hasIPv6)
            #expect(before.sysctls == [.forwarding: "0"])
            let objects = try namespace.objects
            try kernel.perform(objects.map { Change(.add($0)) })
            let after = try kernel.observe { _ in [.forwarding] }
            #expect(after.addresses.filter { $0.protocol == 82 }.count == 1)
            #expect(after.routes.filter { $0.protocol.rawValue == 82 }.count == 1)
            #expect(after.rules.filter { $0.protocol.rawValue == 82 }.count == 1)
            #expect(after.links.first { $0.name == "eth0" }?.mtu == 1400)
            #expect(after.sysctls == [.forwarding: "1"])
            // A side effect is shown, and not sent.
            try kernel.perform([Change(.add(objects[0]), isSideEffect: true)])

            let eth0 = namespace.eth0
            let undo =
                objects.dropFirst(2).reversed().map { Change(.remove($0)) } + [
                    Change(
                        .replace(
                            objects[1],
                            with: .link(LinkSetting(interface: eth0, .mtu(1500))))),
                    Change(
                        .replace(
                            objects[0],
                            with: .sysctl(SysctlSetting(name: .forwarding, value: "0")))),
                ]
            try kernel.perform(undo)
            #expect(try kernel.observe { _ in [.forwarding, .missing] } == before)
        }
    }

    @Test("a rule that is sent again has no twin") func sentAgain() async {
        await #expect(processExitsWith: .success) {
            _ = try Namespace()
            let kernel = try NetlinkKernel()
            let rule = Rule(family: .ipv4, priority: 9999, table: 1001)
            func rules() throws -> Int {
                try NetlinkKernel().observe { _ in [] }.rules.filter { $0.priority == 9999 }.count
            }
            _ = try kernel.observe { _ in [] }
            try kernel.perform([Change(.add(.rule(rule)))])
            let refusal = #expect(throws: Refusal.self) {
                try kernel.perform([Change(.add(.rule(rule)))])
            }
            #expect(refusal?.error.errno == .fileExists)
            #expect(try rules() == 1)
        }
    }

    @Test("an IPv6 address goes once its new place answers for it") func moveIPv6() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace()
            let kernel = try NetlinkKernel()
            var here = InterfaceAddress(
                interface: namespace.eth0, address: try address("2001:db8::30"),
                prefixLength: 64, flags: .noDAD)
            try kernel.perform([Change(.add(.address(here)))])
            for _ in 0..<200 {
                var there = here
                there.interface =
                    here.interface == namespace.eth0 ? namespace.eth1 : namespace.eth0
                try kernel.perform([
                    Change(.add(.address(there))), Change(.remove(.address(here))),
                ])
                let local = try namespace.socket.localAddresses(.ipv6)
                try #require(
                    local.filter { $0.address == here.address }
                        == [LocalAddress(here.address, on: there.interface)])
                here = there
            }
        }
    }

    @Test("a kernel without IPv6 has nothing of it") func withoutIPv6() async {
        await #expect(processExitsWith: .success) {
            _ = try Namespace()
            let state = try NetlinkKernel(sysctls: SysctlFiles(root: "/nowhere")).observe { _ in
                [.missing]
            }
            #expect(!state.hasIPv6)
            #expect(state.rules.map(\.priority) == [0, 32766, 32767])
            #expect(state.rules.allSatisfy { $0.family == .ipv4 })
            #expect(state.addresses.map(\.address) == [try address("127.0.0.1")])
            #expect(state.sysctls.isEmpty)
        }
    }

    @Test("a rule is replaced by a new one, and the old goes") func replaceRule() async {
        await #expect(processExitsWith: .success) {
            _ = try Namespace()
            let kernel = try NetlinkKernel()
            let old = Rule(
                family: .ipv4, priority: 20001, source: try prefix("10.0.0.1/32"), table: 7)
            var new = old
            new.table = 8
            try kernel.perform([Change(.add(.rule(old)))])
            try kernel.perform([Change(.replace(.rule(old), with: .rule(new)))])
            func rules() throws -> [Rule] {
                try NetlinkKernel().observe { _ in [] }.rules.filter { $0.priority == 20001 }
            }
            #expect(try rules() == [new])
            // The new one is refused, being there already: the old one stays as it is.
            let refusal = try kernel.refusal(of: [
                Change(.replace(.rule(new), with: .rule(new)))
            ])
            #expect(refusal.index == 0)
            #expect(try rules() == [new])
        }
    }

    @Test("nothing is taken away behind a refused addition") func barrier() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace()
            let kernel = try NetlinkKernel()
            let objects = try namespace.objects
            try kernel.perform(objects.map { Change(.add($0)) })
            let before = try kernel.observe { _ in [] }
            let refused = Route(
                destination: try prefix("10.8.0.0/16"),
                nextHops: [NextHop(interface: namespace.eth0, gateway: try address("192.0.2.1"))])
            for taken in objects.dropFirst(2) {
                let changes = [
                    Change(.remove(objects[2]), isSideEffect: true), Change(.add(.route(refused))),
                    Change(.remove(taken)),
                ]
                let refusal = try kernel.refusal(of: changes)
                #expect(refusal.index == 1)
                #expect(refusal.error.message == "Nexthop has invalid gateway")
                #expect(try kernel.observe { _ in [] } == before)
            }
        }
    }

    @Test("a sysctl that cannot be written says why, and where") func sysctlRefused() async {
        await #expect(processExitsWith: .success) {
            _ = try Namespace()
            let kernel = try NetlinkKernel()
            for (name, errno) in [
                (SysctlName.missing, Errno.noSuchFileOrDirectory), (.forwarding, .invalidArgument),
            ] {
                let setting = SysctlSetting(name: name, value: "word")
                let change = Change(.add(.sysctl(setting)))
                let refusal = try kernel.refusal(of: [change])
                #expect(refusal.index == 0)
                #expect(refusal.error.errno == errno)
                #expect(refusal.error.message == "/proc/sys/\(name.path)")
            }
        }
    }

    @Test("killed after any change, the kernel holds exactly those before", arguments: 0..<6)
    func killed(after count: Int) async {
        await #expect(processExitsWith: count < 5 ? .signal(SIGKILL) : .success) { [count] in
            let namespace = try Namespace()
            let objects = try namespace.objects
            let kernel = try NetlinkKernel()
            kernel.beforeChange = { index in
                let made = (try? kernel.observe { _ in [.forwarding] }).map { state in
                    [
                        state.sysctls[.forwarding] == "1",
                        state.links.contains { $0.mtu == 1400 },
                        state.addresses.contains { $0.protocol == 82 },
                        state.routes.contains { $0.protocol.rawValue == 82 },
                        state.rules.contains { $0.protocol.rawValue == 82 },
                    ]
                }
                // Another exit than the one that is expected: one by one, or this test fails.
                guard made == (0..<5).map({ $0 < index }) else { exit(1) }
                if index == count { kill(getpid(), SIGKILL) }
            }
            try kernel.perform(objects.map { Change(.add($0)) })
        }
    }

    @Test("a stop between two sends is a refusal of the next change") func stop() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace()
            let kernel = try NetlinkKernel()
            var asked = 0
            kernel.shouldStop = {
                asked += 1
                return asked > 1
            }
            let refusal = try kernel.refusal(of: namespace.objects.map { Change(.add($0)) })
            #expect(refusal.index == 1)
            #expect(refusal.error == KernelError("interrupted", .interrupted))
            #expect(try kernel.observe { _ in [.forwarding] }.sysctls == [.forwarding: "1"])
        }
    }
}

extension NetlinkKernel {
    /// The refusal of changes that must not go through.
    fileprivate func refusal(of changes: [Change]) throws -> Refusal {
        do throws(Refusal) {
            try perform(changes)
        } catch {
            return error
        }
        throw Unexpected("the kernel took it")
    }
}

extension SysctlName {
    fileprivate static let forwarding = interface("eth0", "ipv4", "forwarding")
    fileprivate static let missing = interface("eth0", "ipv4", "no_such_thing")
}

extension Namespace {
    /// One of each kind, in the order of a plan.
    fileprivate var objects: [KernelObject] {
        get throws {
            let mark = RouteProtocol(rawValue: 82)
            let hop = NextHop(interface: eth0, gateway: try address("10.0.0.253"))
            return [
                .sysctl(SysctlSetting(name: .forwarding, value: "1", interface: eth0)),
                .link(LinkSetting(interface: eth0, .mtu(1400))),
                .address(
                    InterfaceAddress(
                        interface: eth0, address: try address("10.0.0.20"), prefixLength: 24,
                        protocol: 82)),
                .route(
                    Route(
                        destination: .default(.ipv4), table: 1001, protocol: mark,
                        nextHops: [hop])),
                .rule(
                    Rule(
                        family: .ipv4, priority: 20001, source: try prefix("10.0.0.20/32"),
                        table: 1001, protocol: mark)),
            ]
        }
    }
}
