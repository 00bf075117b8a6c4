import Glibc
import Netlink
import Testing

@testable import DataPlane

@Suite("A new link in udev's hands") struct UdevQueueTests {
    let folder = "/tmp/rtsetup-udev-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    let change = Change(.add(.link(LinkSetting(interface: 5, .up(true)))))

    init() throws {
        try Files.createFolder(folder + "/data")
        try Files.write("", to: folder + "/control", sync: false)
    }

    func delay(_ queue: inout UdevQueue, flags: UInt32 = 0, at now: Duration = .zero) -> Duration? {
        queue.delay(
            of: [change], on: [Link(index: 5, name: "eth0", flags: flags)], at: now)
    }

    @Test("is left alone until udev has seen to it and given it its name")
    func waits() throws {
        var queue = UdevQueue(namespace: "1", folder: folder)
        #expect(delay(&queue) == UdevQueue.pause)
        try Files.write("I:1\nE:ID_RENAMING=1\n", to: folder + "/data/n5", sync: false)
        #expect(delay(&queue) == UdevQueue.pause)
        try Files.write("I:1\nE:ID_NET_NAME=ens5\n", to: folder + "/data/n5", sync: false)
        #expect(delay(&queue) == nil)
    }

    @Test("that is up already, that is nobody's, or whom udev has forgotten is not waited for")
    func doesNotWait() throws {
        var queue = UdevQueue(namespace: "1", folder: folder)
        #expect(delay(&queue, flags: 1) == nil)
        #expect(delay(&queue) != nil)
        #expect(delay(&queue, at: UdevQueue.longest) == nil)
        var elsewhere = UdevQueue(namespace: "4711", folder: folder)
        #expect(delay(&elsewhere) == nil)
        var without = UdevQueue(namespace: "1", folder: folder + "/none")
        #expect(delay(&without) == nil)
    }
}
