import SystemPackage
import Testing

@testable import Netlink

@Suite("addresses in the kernel", .enabled(if: Namespace.isPermitted)) struct AddressKernelTests {
    @Test("addresses come back as they were sent") func roundTrip() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace()
            let eth0 = namespace.eth0
            var addresses = [
                InterfaceAddress(
                    interface: eth0, address: try #require(IPAddress("10.0.0.20")),
                    prefixLength: 24, protocol: 82),
                InterfaceAddress(
                    interface: eth0, address: try #require(IPAddress("10.0.1.20")),
                    prefixLength: 24, broadcast: IPAddress("10.0.1.255"),
                    label: AddressLabel("eth0:1"),
                    flags: .noPrefixRoute, protocol: 82, metric: 1001, preferredLifetime: 1000,
                    validLifetime: 2000),
                InterfaceAddress(
                    interface: eth0, address: try #require(IPAddress("10.0.2.1")),
                    prefixLength: 30, peer: IPAddress("10.0.3.1"), scope: .link),
                InterfaceAddress(
                    interface: eth0, address: try #require(IPAddress("2001:db8::20")),
                    prefixLength: 64, flags: .noDAD, protocol: 82, metric: 77),
                InterfaceAddress(
                    interface: eth0, address: try #require(IPAddress("2001:db8::30")),
                    prefixLength: 64, flags: .noDAD, protocol: 82, preferredLifetime: 0),
                InterfaceAddress(
                    interface: eth0, address: try #require(IPAddress("2001:db8:1::1")),
                    prefixLength: 64, peer: IPAddress("2001:db8:2::1"), flags: .noDAD),
            ]
            try namespace.send { batch in addresses.forEach { batch.add($0) } }
            var seen = try namespace.dump(.ipv4) + namespace.dump(.ipv6)
            expectSame(seen.map(\.configured).sorted { $0.address < $1.address }, addresses)

            // In place: the mark, the lifetimes and the metric change, the order stays.
            for index in addresses.indices {
                addresses[index].protocol = 83
                addresses[index].preferredLifetime = 3000
                addresses[index].validLifetime = 4000
            }
            try namespace.send { batch in addresses.forEach { batch.replace($0) } }
            seen = try namespace.dump(.ipv4) + namespace.dump(.ipv6)
            expectSame(seen.map(\.configured).sorted { $0.address < $1.address }, addresses)

            try namespace.send { batch in seen.reversed().forEach { batch.remove($0) } }
            #expect(try namespace.dump(.ipv4) + namespace.dump(.ipv6) == [])
        }
    }

    @Test("the first refusal is told with its index and errno") func refusals() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace()
            let address = InterfaceAddress(
                interface: namespace.eth0, address: try #require(IPAddress("10.0.0.20")),
                prefixLength: 24)
            var other = address
            other.address = try #require(IPAddress("10.0.0.21"))
            var nowhere = other
            nowhere.interface = 4711
            let refusal = try namespace.refusal { batch in
                batch.add(address)
                batch.add(nowhere)
                batch.add(address)
            }
            #expect(refusal.index == 1)
            #expect(refusal.error.errno == .operationNotSupportedByDevice)
            #expect(refusal.error.operation == "add address")

            let twice = try namespace.refusal { $0.add(address) }
            #expect(twice.index == 0)
            #expect(twice.error.errno == .fileExists)

            // A barrier: what is behind it is not sent once something before it is refused.
            let held = try namespace.refusal { batch in
                batch.add(address)
                batch.barrier()
                batch.add(other)
            }
            #expect(held.index == 0)
            #expect(try namespace.dump(.ipv4).map(\.address) == [address.address])
        }
    }

    @Test("12,000 addresses go through in one call") func many() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace()
            let addresses = (0..<12_000).map { index in
                InterfaceAddress(
                    interface: namespace.eth0,
                    address: IPAddress(family: .ipv4, bits: 0x0A00_0000 + UInt128(index)),
                    prefixLength: 32, protocol: 82)
            }
            try namespace.send { batch in addresses.forEach { batch.add($0) } }
            expectSame(try namespace.dump(.ipv4).map(\.configured), addresses)
            // A second time every one is refused, and every answer is taken.
            let refusal = try namespace.refusal { batch in addresses.forEach { batch.add($0) } }
            #expect(refusal.index == 0)
            #expect(try namespace.dump(.ipv4).count == addresses.count)
        }
    }

    /// Twenty interfaces with 200 addresses each, and one with 2,000, more than an answer holds.
    @Test("addresses are read whole while others change theirs", arguments: ["lo", "many20"])
    func churn(of changing: String) async {
        await #expect(processExitsWith: .success) { [changing] in
            let namespace = try Namespace()
            let socket = namespace.socket
            for number in 0...20 {
                try ip("link add many\(number) type veth peer name many\(number)-peer")
            }
            let names = Dictionary(
                uniqueKeysWithValues: try socket.links().map { ($0.index, $0.name) })
            func index(_ name: String) throws -> InterfaceIndex {
                try #require(names.first { $0.value == name }).key
            }
            let small = try (0..<20).map { try index("many\($0)") }
            let large = try index("many20")
            let addresses = (0..<6000).map { number in
                InterfaceAddress(
                    interface: number < 4000 ? small[number % 20] : large,
                    address: IPAddress(family: .ipv4, bits: 0x0A00_0000 + UInt128(number)),
                    prefixLength: 32)
            }
            try namespace.send { batch in addresses.forEach { batch.add($0) } }

            let labels = names.mapValues { AddressLabel($0) }
            func isInterrupted() throws -> Bool {
                do throws(KernelError) {
                    _ = try socket.addresses(.ipv4, of: 0, names: labels, patience: .zero)
                    return false
                } catch {
                    guard error.errno == .interrupted else { throw error }
                    return true
                }
            }
            let churn = try Churn([
                "address add 192.0.2.1/32 dev \(changing)",
                "address del 192.0.2.1/32 dev \(changing)",
            ])
            defer { churn.stop() }
            func untilInterrupted() throws {
                let end = ContinuousClock.now + .seconds(20)
                while try !isInterrupted() { try #require(ContinuousClock.now < end) }
            }
            try untilInterrupted()
            for _ in 0..<5 {
                do {
                    let seen = try socket.addresses(.ipv4, names: labels)
                    expectSame(
                        seen.filter { $0.address.bits >> 24 == 10 }.map(\.configured)
                            .sorted { $0.address < $1.address }, addresses)
                } catch let error as KernelError {
                    // Its own list never stands still: then there is no answer, and no wrong one.
                    #expect(changing != "lo" && error.errno == .interrupted)
                    break
                }
            }
            // It went on all the while.
            try untilInterrupted()
        }
    }

    @Test("a batch stops where it is told to") func stop() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace()
            var batch = Batch()
            for host in [1, 2, 3] as [UInt128] {
                batch.add(
                    InterfaceAddress(
                        interface: namespace.eth0,
                        address: IPAddress(family: .ipv4, bits: 0x0A00_0000 + host),
                        prefixLength: 24))
                batch.barrier()
            }
            var asked = 0
            do throws(BatchRefusal) {
                try namespace.socket.send(&batch) {
                    asked += 1
                    return asked == 3
                }
                throw BatchRefusal(index: nil, error: KernelError("not stopped", .alreadyInProcess))
            } catch {
                #expect(error.index == 2)
                #expect(error.error.errno == .interrupted)
            }
            #expect(try namespace.dump(.ipv4).count == 2)
        }
    }
}

extension Namespace {
    /// eth0's addresses.
    fileprivate func dump(_ family: AddressFamily) throws -> [InterfaceAddress] {
        try socket.addresses(family, names: names.mapValues { AddressLabel($0) })
            .filter { $0.interface == eth0 }
    }
}

extension InterfaceAddress {
    /// Without what the kernel adds by itself.
    fileprivate var configured: InterfaceAddress {
        var copy = self
        copy.flags.subtract([.secondary, .tentative, .dadFailed, .deprecated, .permanent])
        return copy
    }
}
