import Plist
import Testing

@testable import DataPlane

@Suite("What watch tells status") struct WatchRecordTests {
    private func incident(_ number: Int) -> WatchRecord.Incident {
        .init(
            culprit: "ip \"\(number)\"", count: 2, example: "rule 20001: from 10.0.0.\(number)",
            time: 7)
    }

    @Test("it is read as it was written") func roundTrip() throws {
        var record = WatchRecord()
        record.reason = "somebody; and \"others\""
        record.isCalledBack = true
        record.add(incident(1))
        record.add(incident(2))
        #expect(WatchRecord(Array(record.text.utf8), path: "watch.plist") == record)
        #expect(WatchRecord(Array("{ broken".utf8), path: "watch.plist") == nil)
        #expect(record.warnings.count == 2)
        #expect(record.warnings[0].message.hasPrefix("ip \"1\" undid rule 20001"))
    }

    @Test("the latest eight incidents are kept, each of its kind once") func bound() {
        var record = WatchRecord()
        for number in (0..<20).flatMap({ [$0, 3] }) { record.add(incident(number)) }
        #expect(record.incidents.count == 8)
        #expect(record.incidents.last == incident(3))
        #expect(record.incidents.count { $0 == incident(3) } == 1)
    }

    @Test("an incident before the boot is none, however long ago", arguments: [-1, Int64.min])
    func incidentWithoutTime(time: Int64) {
        var record = WatchRecord()
        record.add(.init(culprit: "ip", count: .min, example: "rule", time: time))
        #expect(WatchRecord(Array(record.text.utf8), path: "")?.warnings == [])
    }

    @Test("a hold tells how long it lasts; one that is over is none") func expiry() throws {
        var record = WatchRecord()
        record.reason = "somebody"
        record.reasonEnd = WatchRecord.now - 1
        #expect(WatchRecord(Array(record.text.utf8), path: "")?.hold == nil)
        record.reasonEnd = WatchRecord.now + 3600
        let hold = try #require(WatchRecord(Array(record.text.utf8), path: "")?.hold)
        #expect(hold.hasPrefix("somebody; it is left alone for another 3"))
    }
}
