import Glibc
import Netlink
import Testing

@testable import DataPlane

/// Addresses of generated hosts are moved by force, to wherever they may go.
@Suite("Rebinds on generated hosts")
struct RebindLawTests {
    /// A configured host, and the rebinds that are possible there.
    private struct Story {
        let host: HostGenerator
        let machine: Machine
        var rebinds: [Rebind] = []

        init?(seed: UInt64) throws {
            host = HostGenerator(seed: seed)
            machine = try Machine(host.state)
            let text = host.file.text
            guard try machine.preview(text).plan.conflicts.isEmpty else { return nil }
            try #require(try machine.apply(text).isWhole)
            let interfaces = try machine.preview(text).desired.interfaces
            for (config, _, _) in interfaces where config.isManaged {
                for address in config.addresses.map(\.address) {
                    for link in interfaces.compactMap(\.link) {
                        let rebind = Rebind(.bind([address], to: link.name), isForced: true)
                        let plan = try machine.preview(text, rebind).plan
                        if plan.conflicts.isEmpty, !plan.isEmpty { rebinds.append(rebind) }
                    }
                }
            }
        }

        /// A few of them, the same each time.
        func chosen(_ seed: UInt64) -> [Rebind] {
            var random = SeededGenerator(seed: seed ^ 0x4EB1)
            return Array(rebinds.shuffled(using: &random).prefix(3))
        }
    }

    static let cases = (0..<32).map { Seed.base &+ 9000 &+ UInt64($0) }

    @Test("there are enough of them to say something")
    func coverage() throws {
        let count = try Self.cases.count { try Story(seed: $0)?.rebinds.isEmpty == false }
        #expect(count * 4 > Self.cases.count)
    }

    @Test("an address moves without a gap, and everything else keeps its path", arguments: cases)
    func moves(seed: UInt64) throws {
        guard let story = try Story(seed: seed) else { return }
        let text = story.host.file.text
        for rebind in story.chosen(seed) {
            let words = "seed \(seed)\n\(text)\n\(rebind)"
            guard let transition = try Transition(of: story.machine, to: text, rebind: rebind)
            else { continue }
            #expect(transition.result == nil, "\(words)")
            #expect(transition.law == [], "\(words)")
            #expect(transition.lostOnTheMove == [], "\(words)")
            #expect(transition.brokenMeanwhile == [], "\(words)")
            #expect(transition.lawlessMeanwhile == [], "\(words)")
            #expect(transition.lostForeign == [], "\(words)")
            #expect(try story.machine.preview(text).plan.changes.map(\.action) == [], "\(words)")
            let again = try story.machine.apply(text, rebind)
            #expect(again.plan.changes.map(\.action) == [], "\(words)")
        }
    }

    @Test("bindings that cannot be put in force at the end undo it all")
    func notKept() throws {
        let story = try #require(
            try Self.cases.lazy.compactMap { try Story(seed: $0) }
                .first { !$0.rebinds.isEmpty })
        let machine = story.machine
        let before = Snapshot(machine.state)
        machine.kernel.onChange = { _, _ in
            remove(machine.directory + "/lib/bindings.plist.new")
        }
        let outcome = try machine.apply(story.host.file.text, story.rebinds[0])
        guard case .undone(.notKept(let error)) = outcome.result else {
            Issue.record("\(outcome.result)")
            return
        }
        #expect(error.path == machine.directory + "/lib/bindings.plist.new")
        #expect(outcome.floating == [] && outcome.announced == [])
        #expect(before.differences(from: Snapshot(machine.state)) == [])
    }

    @Test(
        "refused at any change, kernel and bindings are as they were; killed, one of two whole",
        arguments: cases.prefix(6))
    func faults(seed: UInt64) throws {
        guard let story = try Story(seed: seed), let rebind = story.chosen(seed).first else {
            return
        }
        let text = story.host.file.text
        let before = Snapshot(story.machine.state)
        let start = story.machine.kernel.requests
        try #require(try story.machine.apply(text, rebind).isWhole)
        let after = Snapshot(story.machine.state)
        for number in 0..<(story.machine.kernel.requests - start) {
            let refused = try #require(try Story(seed: seed)).machine
            refused.kernel.fault = .refusal(at: refused.kernel.requests + number)
            guard case .undone = try refused.apply(text, rebind).result else {
                Issue.record("seed \(seed), change \(number)")
                return
            }
            #expect(before.differences(from: Snapshot(refused.state)) == [], "\(seed) \(number)")
            #expect(try refused.preview(text).plan.isEmpty, "seed \(seed), change \(number)")

            let killed = try #require(try Story(seed: seed)).machine
            killed.kernel.fault = .crash(at: killed.kernel.requests + number)
            _ = try? killed.apply(text, rebind)
            killed.restart()
            _ = try killed.apply(text)
            let ends = [before, after].map { $0.differences(from: Snapshot(killed.state)) }
            #expect(ends.contains([]), "seed \(seed), change \(number): \(ends)")
        }
    }
}
