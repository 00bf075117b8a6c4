import Glibc
import Logging
import Netlink
import Plist
import Synchronization
import Testing

@testable import DataPlane

/// A watch on a fake kernel, its clock in the test's hand, and what it has logged.
private final class Watched {
    let machine: Machine
    let path: String
    let log = Lines()
    private(set) var watch: Watch
    private let clock = Clock()
    /// What is heard during a look.
    var hear: () -> Void = {}

    final class Clock { var now = Duration.zero }

    static let eth1 = """
        { Name = eth1; Addresses = ( "10.0.0.20/24" ); Gateway = "10.0.0.253"; Table = 1001; }
        """

    init(_ interfaces: String = eth1) throws {
        machine = try Machine(.oneNIC)
        path = machine.directory + "/rtsetup.plist"
        var logger = Logger(label: "test") { [log] _ in log }
        logger.logLevel = .debug
        watch = Watch(
            machine.session, path: path, log: logger, notifier: Notifier { _ in nil },
            explain: {
                switch $0.result {
                case .undone(let failure), .stuck(let failure, _): "\(failure)"
                case .applied, .unchanged: nil
                }
            }, now: { [clock] in clock.now })
        try write(interfaces)
    }

    func write(_ interfaces: String) throws {
        try Files.write(text(interfaces), to: path, sync: false)
        chmod(path, 0o644)
    }

    /// What a person does beside it.
    func apply() throws {
        let config = try Configuration.read(path).config
        _ = try machine.session.carryOut(.config(config), lockTimeout: 1)
    }

    func text(_ interfaces: String) -> String {
        "{ Version = 1; Interfaces = ( \(interfaces) ); }"
    }

    /// Time passes; looks are made as they come.
    func pass(_ time: Duration) {
        let end = clock.now + time
        while true {
            switch watch.schedule.decision(at: clock.now) {
            case .look: watch.look(hear: hear)
            case .wait(let next):
                guard let next, next <= end else {
                    clock.now = end
                    return
                }
                clock.now = next
            }
        }
    }

    var rule: Rule? { machine.state.rules.first { $0.priority == 20001 } }

    /// Somebody deletes the source rule, and the kernel tells of it.
    func deleteRule() throws { watch.notice(try deleteRuleUnheard()) }

    /// - Returns: what the kernel has to tell.
    func deleteRuleUnheard() throws -> KernelEvent {
        let rule = try #require(self.rule)
        try machine.kernel.disturb(.remove(.rule(rule)))
        var event = KernelEvent(.rule, isRemoval: true, requester: 1)
        event.protocol = rule.protocol
        return event
    }

    /// Tells it when a look has heard so many times before.
    func hear(_ event: KernelEvent, after times: Int) {
        var count = 0
        hear = { [watch] in
            if count == times { watch.notice(event) }
            count += 1
        }
    }
}

/// What was logged, level first.
private final class Lines: LogHandler, Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }

    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        lines.withLock { $0.append("\(event.level): \(event.message)") }
    }

    func count(_ words: String) -> Int { all.count { $0.contains(words) } }
}

@Suite("Watch on a fake kernel") struct WatchTests {
    @Test("what is deleted is put back after 50 ms, with one line") func repair() throws {
        let host = try Watched()
        try host.watch.begin()
        host.pass(.zero)
        #expect(host.log.count("notice: configured in") == 1)
        try host.deleteRule()
        host.pass(.milliseconds(49))
        #expect(host.rule == nil)
        host.pass(.milliseconds(1))
        #expect(host.rule != nil)
        #expect(host.log.count("notice: repaired in") == 1)
        host.pass(.seconds(3600))
        #expect(host.log.count("notice: ") == 2)
    }

    @Test("who undid it is known, told during the look or the repair", arguments: 0...1)
    func lateNews(times: Int) throws {
        let host = try Watched()
        try host.watch.begin()
        host.pass(.zero)
        host.hear(try host.deleteRuleUnheard(), after: times)
        host.watch.noticeLoss()
        host.pass(.seconds(1))
        #expect(host.log.count("repaired in") == 1)
        #expect(host.log.count("; undone by") == 1)
        try host.machine.kernel.disturb(.remove(.rule(try #require(host.rule))))
        host.watch.noticeLoss()
        host.pass(.seconds(1))
        #expect(host.log.count("repaired in") == 2)
        #expect(host.log.count("; undone by") == 1)
    }

    @Test("who undid it after its repair is known") func undoneAgain() throws {
        let host = try Watched()
        try host.watch.begin()
        host.pass(.zero)
        try host.deleteRule()
        var count = 0
        host.hear = { [unowned host] in
            count += 1
            if count == 2 { try? host.deleteRule() }
        }
        host.pass(.seconds(1))
        #expect(host.rule != nil)
        #expect(host.log.count("repaired in") == 2)
        #expect(host.log.count("; undone by") == 2)
    }

    @Test("where nothing differs, nothing is sent") func quiet() throws {
        let host = try Watched()
        try host.watch.begin()
        host.pass(.zero)
        let requests = host.machine.kernel.requests
        for _ in 0..<20 {
            host.watch.noticeLoss()
            host.pass(.seconds(1))
        }
        #expect(host.machine.kernel.requests == requests)
    }

    @Test("a teardown that nobody has noticed yet is not undone") func superseded() throws {
        let host = try Watched()
        try host.watch.begin()
        host.pass(.zero)
        _ = try host.machine.teardown()
        host.watch.noticeLoss()
        host.pass(.seconds(5))
        #expect(host.rule == nil)
        #expect(host.log.count("standing by") == 1)
        host.watch.noticeLoss()
        host.pass(.seconds(5))
        #expect(host.rule == nil)

        try host.apply()
        host.watch.notice(.memory)
        host.pass(.seconds(1))
        #expect(host.log.count("called back by a new run") == 1)
        try host.deleteRule()
        host.pass(.seconds(1))
        #expect(host.rule != nil)
    }

    @Test("an apply of an edited file that nobody has noticed yet is not undone")
    func editedFile() throws {
        let host = try Watched()
        try host.watch.begin()
        host.pass(.zero)
        let edited = Watched.eth1.replacing("1001", with: "1007")
        try host.write(edited)
        try host.apply()
        host.watch.noticeLoss()
        host.pass(.seconds(5))
        #expect(host.rule?.table == 1007)
        #expect(host.log.count("repaired") == 0)
    }

    @Test("a SIGHUP ends a stand-by and reads the file anew") func callBack() throws {
        let host = try Watched()
        try host.watch.begin()
        host.pass(.zero)
        _ = try host.machine.teardown()
        host.watch.notice(.memory)
        host.pass(.seconds(1))
        try host.write(Watched.eth1.replacing("1001", with: "1007"))
        host.watch.notice(.configuration)
        host.pass(.seconds(1))
        #expect(host.rule == nil)
        host.watch.reload()
        host.pass(.zero)
        #expect(host.rule?.table == 1007)
    }

    @Test("a bad file is told once, and the old one stays in force") func badFile() throws {
        let host = try Watched()
        try host.watch.begin()
        host.pass(.zero)
        try host.write("{ Nam = eth1; }")
        for _ in 0..<3 {
            host.watch.notice(.configuration)
            host.pass(.seconds(1))
        }
        #expect(host.log.count("what was read before stays in force") == 1)
        try host.deleteRule()
        host.pass(.seconds(1))
        #expect(host.rule != nil)
        try host.write(Watched.eth1.replacing("1001", with: "1007"))
        host.watch.notice(.configuration)
        host.pass(.seconds(1))
        #expect(host.rule?.table == 1007)
        #expect(host.log.count("the changed configuration was applied") == 1)
    }

    @Test("without a good file it does not begin") func noFile() throws {
        let host = try Watched("{ Nam = eth1; }")
        #expect(throws: WatchFailure.self) { try host.watch.begin() }
    }

    @Test("a refused repair is undone, and tried after 1, 2, 4 … seconds") func refusal() throws {
        let host = try Watched()
        try host.watch.begin()
        host.pass(.zero)
        try host.deleteRule()
        for (pause, errors) in [(0.1, 1), (0.9, 1), (0.1, 2), (1.8, 2), (0.2, 3)] {
            host.machine.kernel.fault = .refusal(at: host.machine.kernel.requests)
            host.pass(.seconds(pause))
            #expect(host.log.count("error: ") == errors)
            #expect(host.rule == nil)
        }
        host.machine.kernel.fault = nil
        host.pass(.seconds(4))
        #expect(host.rule != nil)
    }

    @Test("what somebody does during a repair does not undo it, and is seen to next") func drift()
        throws
    {
        let host = try Watched()
        try host.watch.begin()
        host.pass(.zero)
        let closing = try #require(host.machine.state.rules.first { $0.priority == 25001 })
        try host.deleteRule()
        var isDone = false
        host.machine.kernel.onChange = { [kernel = host.machine.kernel] _, _ in
            guard !isDone else { return }
            isDone = true
            try? kernel.disturb(.remove(.rule(closing)))
        }
        host.pass(.milliseconds(50))
        #expect(host.rule != nil)
        #expect(!host.machine.state.rules.contains(closing))
        host.pass(.milliseconds(50))
        #expect(host.machine.state.rules.contains(closing))
        #expect(host.log.count("error: ") == 0)
        #expect(host.log.count("repaired in") == 2)
    }

    @Test("a conflict is told once, and looked at again with the next event") func conflict() throws
    {
        let host = try Watched(Watched.eth1.replacing("Table", with: "Required = YES; Table"))
        try host.watch.begin()
        host.pass(.zero)
        let foreign = Rule(
            family: .ipv4, priority: 20001,
            source: .host(IPAddress(family: .ipv4, bits: 0x0A00_0014)),
            table: 7, protocol: .static)
        try host.deleteRule()
        try host.machine.kernel.disturb(.add(.rule(foreign)))
        for _ in 0..<3 {
            host.watch.noticeLoss()
            host.pass(.seconds(1))
        }
        #expect(host.log.count("error: ") == 1)
        try host.machine.kernel.disturb(.remove(.rule(foreign)))
        host.watch.noticeLoss()
        host.pass(.seconds(1))
        #expect(host.rule?.table == 1001)
    }

    @Test("who deletes it again and again waits longer each time") func dispute() throws {
        let host = try Watched()
        try host.watch.begin()
        host.pass(.zero)
        for _ in 0..<4 {
            try host.deleteRule()
            host.pass(.milliseconds(100))
        }
        try host.deleteRule()
        host.pass(.milliseconds(100))
        #expect(host.rule != nil)
        #expect(host.log.count("keeps undoing rule 20001") == 1)
        try host.deleteRule()
        host.pass(.milliseconds(800))
        #expect(host.rule == nil)
        host.pass(.milliseconds(200))
        #expect(host.rule != nil)
        #expect(host.log.count("left alone for 2 s") == 1)
    }
}
