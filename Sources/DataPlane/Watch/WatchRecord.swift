import Glibc
public import Plist
import SystemPackage

/// What `watch` tells `status`: `watch.plist` in the state folder, worth something for as long as
/// a `watch` holds the lock beside it.
public struct WatchRecord: Hashable, Sendable {
    /// Somebody undid something of ours.
    public struct Incident: Hashable, Sendable {
        public var culprit: String
        /// How many changes put it right.
        public var count: Int
        /// One of them, in iproute2's words.
        public var example: String
        /// Seconds since boot.
        public var time: Int64

        public init(culprit: String, count: Int, example: String, time: Int64) {
            self.culprit = culprit
            self.count = count
            self.example = example
            self.time = time
        }
    }

    /// Why it does nothing now, and for how long where that is known; nil: it keeps watch.
    public var hold: String? {
        guard let reason, let reasonEnd else { return reason }
        let rest = reasonEnd - Self.now
        return rest < 0 ? nil : "\(reason); it is left alone for another \(max(1, rest)) s"
    }

    var reason: String?
    /// When that is over, in seconds since boot; nil: it is said when it is.
    var reasonEnd: Int64?
    /// The latest last.
    public var incidents: [Incident] = []

    /// SIGHUP has ended a stand-by, and no run has been whole since.
    var isCalledBack = false

    private static let most = 8
    static let tornDown =
        "watch stands by after teardown, until the next apply or SIGHUP"

    public init() {}

    mutating func add(_ incident: Incident) {
        incidents.removeAll {
            $0.culprit == incident.culprit && $0.example == incident.example
        }
        incidents.append(incident)
        incidents.removeFirst(max(0, incidents.count - Self.most))
    }

    /// Seconds since boot: nobody sets this clock.
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec)
    }

    /// For `status`: who has undone what.
    public var warnings: [Diagnostic] {
        incidents.map { incident in
            let more = incident.count > 1 ? " and \(incident.count - 1) more" : ""
            return Diagnostic(
                .warning,
                "\(incident.culprit) undid \(incident.example)\(more) "
                    + "\(max(0, Self.now - incident.time)) s ago; watch put it right")
        }
    }
}

extension WatchRecord {
    init?(_ bytes: [UInt8], path: String) {
        let reading = PlistReader.readWhole(SourceText(file: path, bytes: bytes))
        guard reading.diagnostics.isEmpty, let root = reading.root?.value,
            root["Version"]?.string == "1"
        else { return nil }
        do throws(Damage) {
            reason = try root.optional("Hold", \.string)
            reasonEnd = try root.optional("HoldEnd") { $0.number() }
            isCalledBack = try root.required("CalledBack", \.boolean)
            // One before the boot is nobody's.
            incidents = try root.elements("Incidents", Incident.init).filter { $0.time >= 0 }
        } catch { return nil }
    }

    var text: String {
        let incidents = incidents.map { incident in
            PlistValue.dictionary([
                .init("Culprit", .string(incident.culprit)),
                .init("Count", .integer(incident.count)),
                .init("Example", .string(incident.example)), .init("Time", .integer(incident.time)),
            ])
        }
        return PlistValue.dictionary(
            [.init("Version", "1"), .init("CalledBack", .boolean(isCalledBack))]
                + (reason.map { [.init("Hold", .string($0))] } ?? [])
                + (reasonEnd.map { [.init("HoldEnd", .integer($0))] } ?? [])
                + [.init("Incidents", .array(incidents))]
        ).text
    }
}

extension WatchRecord.Incident {
    fileprivate init(_ value: PlistValue) throws(Damage) {
        self.init(
            culprit: try value.required("Culprit", \.string),
            count: try value.required("Count") { $0.number() },
            example: try value.required("Example", \.string),
            time: try value.required("Time") { $0.number() })
    }
}
