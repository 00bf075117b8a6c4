import Netlink
import Testing

@testable import DataPlane

@Suite("Whom watch leaves alone") struct PatienceTests {
    private var patience = Patience()

    private func rule(_ number: Int, removed: Bool = false) -> Change {
        let rule = Rule(family: .ipv4, priority: UInt32(number), table: 1001)
        return Change(removed ? .remove(.rule(rule)) : .add(.rule(rule)))
    }

    @Test("the fifth repair of one object within a minute begins a pause") mutating func fifth() {
        for second in 0..<4 {
            #expect(patience.repaired([rule(1)], at: .seconds(10 * second))?.pause == nil)
            #expect(patience.dispute(over: [rule(1)], at: .seconds(10 * second)) == nil)
        }
        #expect(patience.repaired([rule(1)], at: .seconds(40))?.pause == .seconds(1))
        #expect(patience.dispute(over: [rule(1)], at: .seconds(40))?.pause == .seconds(1))
        #expect(patience.dispute(over: [rule(1)], at: .seconds(41)) == nil)
    }

    @Test("five repairs in more than a minute are no dispute") mutating func slow() {
        for number in 0..<50 {
            #expect(patience.repaired([rule(1)], at: .seconds(15 * number))?.pause == nil)
        }
    }

    @Test("fifty objects repaired once are no dispute") mutating func many() {
        for number in 0..<50 {
            #expect(patience.repaired([rule(number)], at: .seconds(1))?.pause == nil)
        }
    }

    @Test("pauses grow to a minute, and begin anew after calm") mutating func growth() {
        var now = Duration.zero
        var pauses: [Int64] = []
        for _ in 0..<12 {
            let pause = patience.repaired([rule(1)], at: now)?.pause
            pause.map { pauses.append($0.components.seconds) }
            now += (pause ?? .zero) + .milliseconds(100)
        }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 60, 60])
        now += .seconds(121)
        #expect(patience.repaired([rule(1)], at: now)?.pause == nil)
    }

    @Test("what is repaired beside it is not in dispute, and makes the pause no longer")
    mutating func beside() {
        for _ in 0..<5 { _ = patience.repaired([rule(1)], at: .zero) }
        for _ in 0..<3 {
            #expect(patience.repaired([rule(2), rule(1)], at: .milliseconds(500))?.pause == nil)
        }
        let dispute = patience.repaired([rule(2), rule(1)], at: .seconds(1))
        #expect(dispute?.changes == [rule(1)])
        #expect(dispute?.pause == .seconds(2))
    }

    @Test("what is not in dispute is not put off") mutating func others() {
        for _ in 0..<5 { _ = patience.repaired([rule(1)], at: .zero) }
        #expect(patience.dispute(over: [rule(1)], at: .zero)?.pause == .seconds(1))
        #expect(patience.dispute(over: [rule(1), rule(2)], at: .zero) == nil)
        #expect(patience.dispute(over: [rule(2)], at: .zero) == nil)
    }

    @Test("all that differs is put off until the first of it may be repaired")
    mutating func several() {
        for _ in 0..<5 { _ = patience.repaired([rule(1)], at: .zero) }
        for _ in 0..<5 { _ = patience.repaired([rule(2)], at: .milliseconds(200)) }
        let dispute = patience.dispute(over: [rule(1), rule(2)], at: .milliseconds(500))
        #expect(dispute?.pause == .milliseconds(500))
        #expect(dispute?.changes == [rule(1), rule(2)])
    }

    @Test("a refused plan waits for longer each time, another one for a second")
    mutating func refusal() {
        #expect(patience.refused([rule(1)], at: .seconds(0)) == .seconds(1))
        #expect(patience.delay(of: [rule(1)], at: .milliseconds(500)) == .seconds(1))
        #expect(patience.refused([rule(1)], at: .seconds(1)) == .seconds(3))
        #expect(patience.refused([rule(1)], at: .seconds(3)) == .seconds(7))
        #expect(patience.delay(of: [rule(1)], at: .seconds(5)) == .seconds(7))
        #expect(patience.delay(of: [rule(2)], at: .milliseconds(3500)) == .seconds(4))
        #expect(patience.delay(of: [rule(2)], at: .seconds(5)) == nil)
        #expect(patience.delay(of: [rule(1, removed: true)], at: .seconds(5)) == nil)
    }

    @Test("a success ends the pauses") mutating func success() {
        _ = patience.refused([rule(1)], at: .zero)
        patience.succeeded()
        #expect(patience.delay(of: [rule(1)], at: .zero) == nil)
        #expect(patience.refused([rule(1)], at: .zero) == .seconds(1))
    }

    @Test("another configuration forgets it all") mutating func forget() {
        for _ in 0..<5 { _ = patience.repaired([rule(1)], at: .zero) }
        patience.forget()
        #expect(patience.dispute(over: [rule(1)], at: .zero) == nil)
    }
}
