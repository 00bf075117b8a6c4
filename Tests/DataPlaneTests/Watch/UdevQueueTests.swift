import Glibc
import Netlink
import Plist
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
        var queue = UdevQueue(isInitial: true, folder: folder)
        #expect(delay(&queue) == UdevQueue.pause)
        try Files.write("I:1\nE:ID_RENAMING=1\n", to: folder + "/data/n5", sync: false)
        #expect(delay(&queue) == UdevQueue.pause)
        try Files.write("I:1\nE:ID_NET_NAME=ens5\n", to: folder + "/data/n5", sync: false)
        #expect(delay(&queue) == nil)
    }

    @Test("is waited for at boot, and a missing one while udev has devices in hand")
    func arrives() throws {
        let udev = UdevQueue(isInitial: true, folder: folder)
        let text =
            "{ Version = 1; Interfaces = ( { Name = eth0; }, { Name = x; Managed = NO; } ); }"
        let config = try ConfigReader.read([SourceText(file: "main", text: text)]).config
        let link = Link(index: 5, name: "eth0", flags: 0)
        // udev may not have looked at its devices yet.
        #expect(udev.isBringing(config, links: [link]))
        #expect(!udev.isBringing(config, links: []))
        try Files.write("", to: folder + "/queue", sync: false)
        #expect(udev.isBringing(config, links: []))
        #expect(!udev.isBringing(config, links: [Link(index: 5, name: "eth0", flags: 1)]))
        try Files.write("I:1\n", to: folder + "/data/n5", sync: false)
        #expect(!udev.isBringing(config, links: [link]))
        let elsewhere = UdevQueue(isInitial: false, folder: folder)
        #expect(!elsewhere.isBringing(config, links: []))
    }

    @Test("that is up already, that is nobody's, or whom udev has forgotten is not waited for")
    func doesNotWait() throws {
        var queue = UdevQueue(isInitial: true, folder: folder)
        #expect(delay(&queue, flags: 1) == nil)
        #expect(delay(&queue) != nil)
        #expect(delay(&queue, at: .seconds(1)) == .seconds(1.25))
        #expect(delay(&queue, at: UdevQueue.longest) == nil)
        var elsewhere = UdevQueue(isInitial: false, folder: folder)
        #expect(delay(&elsewhere) == nil)
        var without = UdevQueue(isInitial: true, folder: folder + "/none")
        #expect(delay(&without) == nil)
    }
}
