import Netlink
import Testing

@testable import DataPlane

@Suite("Laws over generated hosts and files")
struct LawTests {
    @Test("generated files are hardly ever refused")
    func coverage() throws {
        let refused = try Self.cases.filter { seed in
            let host = HostGenerator(seed: seed)
            return try !Machine(host.state).preview(host.file.text).plan.conflicts.isEmpty
        }
        #expect(refused.count * 10 < Self.cases.count, "\(refused)")
    }

    static let cases = (0..<150).map { Seed.base &+ 1000 &+ UInt64($0) }

    @Test("apply keeps the law, every path, and itself", arguments: cases)
    func apply(seed: UInt64) throws {
        let host = HostGenerator(seed: seed)
        var editor = FileEditor(random: SeededGenerator(seed: seed ^ 0xED17))
        let machine = try Machine(host.state)
        let before = Snapshot(host.state)
        let edited = editor.edited(host.file)
        for text in [host.file.text, edited.text] {
            let story = "seed \(seed)\n\(text)"
            guard let transition = try Transition(of: machine, to: text) else {
                continue
            }
            #expect(transition.result == nil, "\(story)")
            #expect(transition.law == [], "\(story)")
            #expect(transition.lostPaths == [], "\(story)")
            #expect(transition.brokenMeanwhile == [], "\(story)")
            #expect(transition.lawlessMeanwhile == [], "\(story)")
            #expect(transition.lostForeign == [], "\(story)")
            let requests = machine.kernel.requests
            let second = try machine.apply(text)
            #expect(second.plan.changes.map(\.action) == [], "\(story)")
            #expect(machine.kernel.requests == requests, "\(story)")
        }
        let transition = try #require(try Transition(of: machine, to: nil))
        #expect(transition.result == nil, "teardown, seed \(seed)")
        #expect(transition.brokenMeanwhile == [], "teardown, seed \(seed)")
        // Hands off means that addresses and settings stay.
        guard edited.interfaces.allSatisfy(\.isManaged) else { return }
        #expect(before.differences(from: Snapshot(machine.state)) == [], "seed \(seed)")
    }

    @Test("after whatever others did, one apply is enough", arguments: cases.prefix(60))
    func drift(seed: UInt64) throws {
        let host = HostGenerator(seed: seed)
        let machine = try Machine(host.state)
        let text = host.file.text
        guard try Transition(of: machine, to: text) != nil else { return }
        var vandal = Vandal(random: SeededGenerator(seed: seed ^ 0xBAD))
        for _ in 0..<4 {
            let deeds = try vandal.disturb(machine.kernel)
            let story = "seed \(seed)\n\(text)\n\(deeds)"
            guard let transition = try Transition(of: machine, to: text) else { continue }
            #expect(transition.result == nil, "\(story)")
            #expect(transition.law == [], "\(story)")
            #expect(try machine.preview(text).plan.changes.map(\.action) == [], "\(story)")
        }
    }
}
