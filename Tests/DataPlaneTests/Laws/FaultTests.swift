import Netlink
import Testing

@testable import DataPlane

@Suite("Faults at every change of generated plans")
struct FaultTests {
    private static let cases = (0..<12).map { Seed.base &+ 5000 &+ UInt64($0) }

    /// A host, the file that is in force there, and the next one.
    private struct Story {
        let host: HostGenerator
        let edited: GeneratedFile

        init(seed: UInt64) {
            host = HostGenerator(seed: seed)
            var editor = FileEditor(random: SeededGenerator(seed: seed ^ 0xED17))
            edited = editor.edited(host.file)
        }

        /// The host with the file in force; nil where one of them is a conflict.
        func configured() throws -> Machine? {
            let machine = try Machine(host.state)
            guard try machine.preview(host.file.text).plan.conflicts.isEmpty else { return nil }
            try #require(try machine.apply(host.file.text).isWhole)
            guard try machine.preview(edited.text).plan.conflicts.isEmpty else { return nil }
            return machine
        }

        /// How many requests the second file takes, and what they end in.
        func undisturbed() throws -> (requests: Int, end: Snapshot)? {
            guard let machine = try configured() else { return nil }
            let before = machine.kernel.requests
            try #require(try machine.apply(edited.text).isWhole)
            return (machine.kernel.requests - before, Snapshot(machine.state))
        }
    }

    @Test("there are enough of them to say something")
    func coverage() throws {
        let requests = try Self.cases.map { try Story(seed: $0).undisturbed()?.requests ?? 0 }
        #expect(requests.count { $0 > 0 } * 2 > requests.count, "\(requests)")
    }

    @Test("refused at any change, the kernel is as it was", arguments: cases)
    func refusal(seed: UInt64) throws {
        let story = Story(seed: seed)
        guard let (requests, _) = try story.undisturbed() else { return }
        for number in 0..<requests {
            let machine = try #require(try story.configured())
            let before = Snapshot(machine.state)
            machine.kernel.fault =
                number % 7 == 3
                ? .lostAnswer(at: machine.kernel.requests + number)
                : .refusal(at: machine.kernel.requests + number)
            let outcome = try machine.apply(story.edited.text)
            let differences = before.differences(from: Snapshot(machine.state))
            #expect(differences == [], "seed \(seed), change \(number)")
            guard case .undone = outcome.result else {
                Issue.record("seed \(seed), change \(number): \(outcome.result)")
                return
            }
        }
    }

    @Test("refused at any change of the first apply, nothing is left of it", arguments: cases)
    func firstRefusal(seed: UInt64) throws {
        let host = HostGenerator(seed: seed)
        let text = host.file.text
        let whole = try Machine(host.state)
        guard try whole.preview(text).plan.conflicts.isEmpty else { return }
        try #require(try whole.apply(text).isWhole)
        let before = Snapshot(host.state)
        for number in 0..<whole.kernel.requests {
            let machine = try Machine(host.state)
            machine.kernel.fault = .refusal(at: number)
            let outcome = try machine.apply(text)
            let differences = before.differences(from: Snapshot(machine.state))
            #expect(differences == [], "seed \(seed), change \(number)")
            guard case .undone = outcome.result else {
                Issue.record("seed \(seed), change \(number): \(outcome.result)")
                return
            }
        }
    }

    @Test("killed at any change, the next apply ends as if undisturbed", arguments: cases)
    func crash(seed: UInt64) throws {
        let story = Story(seed: seed)
        guard let (requests, end) = try story.undisturbed() else { return }
        let before = Snapshot(story.host.state)
        for number in 0..<requests {
            let machine = try #require(try story.configured())
            machine.kernel.fault = .crash(at: machine.kernel.requests + number)
            _ = try? machine.apply(story.edited.text)
            machine.restart()
            let outcome = try machine.apply(story.edited.text)
            let differences = end.differences(from: Snapshot(machine.state))
            #expect(differences == [], "seed \(seed), change \(number): \(outcome.result)")
            guard story.edited.interfaces.allSatisfy(\.isManaged) else { continue }
            _ = try machine.teardown()
            let left = before.differences(from: Snapshot(machine.state))
            #expect(left == [], "seed \(seed), change \(number)")
        }
    }

    @Test("killed during the first apply, teardown leaves nothing", arguments: cases)
    func teardownAfterCrash(seed: UInt64) throws {
        let host = HostGenerator(seed: seed)
        let text = host.file.text
        let whole = try Machine(host.state)
        guard try whole.preview(text).plan.conflicts.isEmpty else { return }
        try #require(try whole.apply(text).isWhole)
        let before = Snapshot(host.state)
        for number in 0..<whole.kernel.requests {
            let machine = try Machine(host.state)
            machine.kernel.fault = .crash(at: number)
            _ = try? machine.apply(text)
            machine.restart()
            _ = try machine.teardown()
            let left = before.differences(from: Snapshot(machine.state))
            #expect(left == [], "seed \(seed), change \(number)")
        }
    }
}
