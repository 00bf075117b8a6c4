import Testing

@testable import DataPlane

@Suite("When watch looks") struct WatchScheduleTests {
    private var schedule = WatchSchedule()

    private func ms(_ count: Int) -> Duration { .milliseconds(count) }

    @Test("while nothing happens, it waits without end") func idle() {
        #expect(schedule.decision(at: ms(0)) == .wait(until: nil))
        #expect(schedule.decision(at: .seconds(1_000_000)) == .wait(until: nil))
    }

    @Test("an event is answered 50 ms later") mutating func single() {
        schedule.noticeKernel(at: ms(1000))
        #expect(schedule.decision(at: ms(1000)) == .wait(until: ms(1050)))
        #expect(schedule.decision(at: ms(1050)) == .look)
        schedule.beginLook()
        #expect(schedule.decision(at: ms(1050)) == .wait(until: nil))
    }

    @Test("a burst is answered once, 50 ms after its end") mutating func burst() {
        for time in stride(from: 0, through: 200, by: 20) {
            schedule.noticeKernel(at: ms(time))
            #expect(schedule.decision(at: ms(time)) == .wait(until: ms(time + 50)))
        }
        #expect(schedule.decision(at: ms(250)) == .look)
    }

    @Test("a burst without end is answered every 500 ms") mutating func longBurst() {
        var looks: [Int] = []
        for time in 0..<2000 {
            schedule.noticeKernel(at: ms(time))
            guard schedule.decision(at: ms(time)) == .look else { continue }
            looks.append(time)
            schedule.beginLook()
        }
        #expect(looks == [500, 1001, 1502])
    }

    @Test("an appointment is kept, and the earlier one counts") mutating func appointment() {
        schedule.look(at: ms(900))
        schedule.look(at: ms(700))
        schedule.look(at: ms(800))
        #expect(schedule.decision(at: ms(0)) == .wait(until: ms(700)))
        schedule.noticeKernel(at: ms(100))
        #expect(schedule.decision(at: ms(100)) == .wait(until: ms(150)))
    }

    @Test("standing by, the kernel's events wake nobody, and files do") mutating func standBy() {
        schedule.noticeKernel(at: ms(0))
        schedule.look(at: ms(10))
        schedule.standBy()
        schedule.noticeKernel(at: ms(20))
        #expect(schedule.decision(at: ms(5000)) == .wait(until: nil))
        schedule.noticeFile(at: ms(6000))
        #expect(schedule.decision(at: ms(6000)) == .wait(until: ms(6050)))
        schedule.beginLook()
        schedule.resume()
        schedule.noticeKernel(at: ms(7000))
        #expect(schedule.decision(at: ms(7050)) == .look)
    }
}
