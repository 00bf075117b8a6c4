import Glibc
public import Netlink
public import RPSTuner
import SystemPackage

/// The kernel of the network namespace in which it was made.
public final class NetlinkKernel: Kernel {
    private let socket: NetlinkSocket
    private let sysctls: SysctlFiles
    private var queues: QueueKernel
    /// Asked between two sends; true ends `perform` there with `EINTR`.
    public var shouldStop: () -> Bool = { false }
    /// For tests: told the index of each change before it is made. The changes then go out one
    /// by one.
    package var beforeChange: ((Int) -> Void)?
    /// Nothing was sent since everything was looked at: what is added then is known to be new. What
    /// is sent again behind a refusal is not.
    private var hasJustLooked = false

    /// - Throws: `KernelError` where there is no netlink socket to be had.
    public init(
        sysctls: SysctlFiles = SysctlFiles(), queues: QueueFiles = QueueFiles()
    ) throws(KernelError) {
        socket = try NetlinkSocket()
        self.sysctls = sysctls
        self.queues = QueueKernel(files: queues)
    }

    /// What tells this network namespace from all others since boot; nil before Linux 5.14.
    public var namespaceCookie: UInt64? { socket.namespaceCookie }

    /// What events tell of as the one who asked, where it was this kernel's socket.
    public var portID: UInt32 { socket.portID }

    func links() throws(KernelError) -> [Link] { try socket.links() }

    public func observe(
        sysctls names: ([Link]) -> Set<SysctlName>,
        queues interests: ([Link]) -> [InterfaceIndex: QueueInterest]
    ) throws(KernelError) -> KernelState {
        let interfaces = try socket.interfaces()
        var state = KernelState(links: interfaces.map(\.link), hasIPv6: sysctls.hasIPv6)
        try look(.ipv4, into: &state)
        if state.hasIPv6 {
            do throws(KernelError) {
                try look(.ipv6, into: &state)
            } catch  where error.errno == .addressFamilyNotSupported {
                state.hasIPv6 = false
            }
        }
        let configurations = Dictionary(interfaces.map { ($0.link.name, $0.configuration) }) { $1 }
        let names = names(state.links)
        state.sysctls.reserveCapacity(names.count)
        for name in names {
            let (family, interface, key) = name.ofInterface ?? ("", "", "")
            let value = configurations[interface]?.value(family, key)
            state.sysctls[name] = value.map(String.init) ?? sysctls.read(name)
        }
        try queues.observe(interests(state.links), into: &state)
        hasJustLooked = true
        return state
    }

    /// The rules first: only they are refused where the kernel lacks the family.
    private func look(
        _ family: AddressFamily, into state: inout KernelState
    ) throws(KernelError) {
        let names = Dictionary(state.links.map { ($0.index, AddressLabel($0.name)) }) { $1 }
        state.rules += try socket.rules(family)
        state.addresses += try socket.addresses(family, names: names)
        state.routes += try socket.routes(family)
    }

    public func perform(_ changes: [Change]) throws(Refusal) {
        let rulesAreNew = hasJustLooked
        hasJustLooked = false
        queues.beginWriting()
        var pending = PendingChanges(rulesAreNew: rulesAreNew)
        var arriving: Set<LocalAddress> = []
        for (index, change) in changes.enumerated() where !change.isSideEffect {
            if let beforeChange {
                try send(&pending)
                beforeChange(index)
            }
            if arriving.notes(change.action) {
                try send(&pending)
                do { try wait(for: arriving) } catch { throw Refusal(index: index, error: error) }
                arriving = []
            }
            if let setting = change.ownWrite {
                try send(&pending)
                try checkStop(at: index)
                do throws(KernelError) { try write(setting) } catch {
                    throw Refusal(index: index, error: error)
                }
            } else {
                pending.append(change.action, index: index)
            }
        }
        try send(&pending)
    }

    /// A new IPv6 address is answered for once the kernel's own thread has come to it, which may
    /// be long after the acknowledgement (addrconf_dad_work, net/ipv6/addrconf.c); nodad changes
    /// nothing about that. On a link that is down it never is.
    private func wait(for arriving: Set<LocalAddress>) throws(KernelError) {
        let deadline = ContinuousClock.now + .milliseconds(500)
        while !arriving.isSubset(of: try socket.localAddresses(.ipv6)),
            ContinuousClock.now < deadline
        {
            usleep(100)
        }
    }

    /// The carrier of a link that has just got it, once it is told, sets the link's IPv6 MTU to its
    /// MTU. One that comes later is for `watch` to see.
    private func awaitCarrier(of interface: InterfaceIndex) throws(KernelError) {
        let deadline = ContinuousClock.now + .milliseconds(1500)
        while try socket.links().contains(where: { $0.index == interface && $0.isBecomingRunning }),
            ContinuousClock.now < deadline, !shouldStop()
        {
            usleep(2000)
        }
    }

    private func write(_ setting: KernelObject) throws(KernelError) {
        if let interface = setting.ipv6MTU?.interface { try awaitCarrier(of: interface) }
        switch setting {
        case .sysctl(let setting): try sysctls.write(setting.value, to: setting.name)
        case .channels(let setting): try queues.set(setting)
        case .steering(let setting): try queues.write(setting)
        case .link, .address, .route, .rule: break
        }
    }

    private func send(_ pending: inout PendingChanges) throws(Refusal) {
        defer { pending = PendingChanges(rulesAreNew: pending.rulesAreNew) }
        do throws(BatchRefusal) {
            try socket.send(&pending.batch, shouldStop: shouldStop)
        } catch {
            throw Refusal(
                index: error.index.map { pending.changes[$0] }, error: error.error,
                others: Dictionary(
                    error.others.map { (pending.changes[$0], $1) }, uniquingKeysWith: { $1 }))
        }
    }

    private func checkStop(at index: Int) throws(Refusal) {
        guard shouldStop() else { return }
        throw Refusal(index: index, error: KernelError("interrupted", .interrupted))
    }
}

extension Set<LocalAddress> {
    /// Keeps the IPv6 addresses that are added.
    ///
    /// - Returns: whether one of them is to be removed elsewhere now.
    fileprivate mutating func notes(_ action: Change.Action) -> Bool {
        switch action {
        // Without nodad it is tentative first, and no plan waits for that.
        case .add(.address(let address))
        where address.family == .ipv6 && address.flags.contains(.noDAD):
            insert(LocalAddress(address.address, on: address.interface))
            return false
        case .remove(.address(let address)) where address.family == .ipv6:
            return contains { $0.address == address.address && $0.interface != address.interface }
        default: return false
        }
    }
}

extension Change {
    /// The setting to write, where that is no message among others: a file, or channels. One that
    /// goes away has none.
    fileprivate var ownWrite: KernelObject? {
        switch action {
        case .add(let object), .replace(_, with: let object):
            switch object {
            case .sysctl, .channels, .steering: object
            case .link, .address, .route, .rule: nil
            }
        case .remove: nil
        }
    }
}
