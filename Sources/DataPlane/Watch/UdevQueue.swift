import Netlink

/// New links that udev still has in hand: it renames a link only while that is down (seen on Debian
/// 12: "Network interface 'eth0' is already up, cannot rename to 'ens20'").
///
/// udev's own protocol, as systemd-networkd reads it (`sd_device_get_is_initialized`): a link has a
/// file in udev's data once its rules have run, with `ID_RENAMING` in it until the new name is there.
struct UdevQueue {
    /// The first ones; each later one is a quarter of all before it.
    static let pause: Duration = .milliseconds(20)
    /// Who has not been seen to by then, udev has forgotten.
    static let longest: Duration = .seconds(10)

    let folder: String
    private let isInitial: Bool
    private var since: [InterfaceIndex: Duration] = [:]

    /// - Parameters:
    ///   - isInitial: whether this is the initial network namespace; udev sees to no other's links.
    ///   - folder: udev's runtime folder.
    init(isInitial: Bool = Self.isInInitialNamespace, folder: String = "/run/udev") {
        self.folder = folder
        self.isInitial = isInitial
    }

    /// Whether udev runs, and sees to these links.
    var isHere: Bool { isInitial && Files.exists(folder + "/control") }

    /// Settings of all namespaces are shown in the initial one alone (net/core/sysctl_net_core.c),
    /// also where there are no cookies yet.
    private static var isInInitialNamespace: Bool { Files.exists("/proc/sys/net/core/dev_weight") }

    /// - Returns: when to look again, where the changes would touch a link that udev has in hand.
    mutating func delay(
        of changes: [Change], on links: [Link], at now: Duration
    ) -> Duration? {
        guard isHere else { return nil }
        let touched = changes.reduce(into: Set<InterfaceIndex>()) { found, change in
            if case .link(let setting) = change.object { found.insert(setting.interface) }
        }
        let pending = links.filter { touched.contains($0.index) && !$0.isUp && isPending($0) }
        since = since.filter { index, _ in pending.contains { $0.index == index } }
        for link in pending where since[link.index] == nil { since[link.index] = now }
        let first = since.values.filter { now < $0 + Self.longest }.min()
        return first.map { now + max(Self.pause, (now - $0) / 4) }
    }

    func isPending(_ link: Link) -> Bool {
        let bytes: [UInt8]?
        do throws(FileError) {
            bytes = try Files.read("\(folder)/data/n\(link.index)")
        } catch { return false }  // What cannot be read is nothing to wait for.
        guard let bytes else { return true }
        return String(decoding: bytes, as: UTF8.self)
            .split(separator: "\n").contains("E:ID_RENAMING=1")
    }
}
