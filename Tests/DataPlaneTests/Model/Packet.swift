import Netlink

/// What a route lookup is asked with: the `flowi4` or `flowi6` of the kernel.
struct Packet: Hashable {
    var destination: IPAddress
    /// nil: not chosen yet, as in the first lookup of `connect`.
    var source: IPAddress?
    /// Where a forwarded packet came in; nil: this host made it (`iif lo`).
    var incoming: InterfaceIndex?
    /// What the socket is bound to (`SO_BINDTODEVICE`).
    var device: InterfaceIndex?
    var mark: UInt32 = 0

    init(
        to destination: IPAddress, from source: IPAddress? = nil,
        incoming: InterfaceIndex? = nil, device: InterfaceIndex? = nil, mark: UInt32 = 0
    ) {
        self.destination = destination
        self.source = source
        self.incoming = incoming
        self.device = device
        self.mark = mark
    }
}

/// Where a packet goes.
enum Fate: Hashable {
    /// To this host itself.
    case local
    /// By one of these ways: several for a multipath route, which one a hash decides.
    case out(Set<Exit>)
    case rejected(Rejection)

    /// The interfaces by which it may leave.
    var interfaces: Set<InterfaceIndex> {
        if case .out(let exits) = self { Set(exits.map(\.interface)) } else { [] }
    }
}

struct Exit: Hashable {
    var interface: InterfaceIndex
    var gateway: IPAddress?
}

/// Why a packet goes nowhere.
enum Rejection: Hashable {
    /// Nothing matched, or a rule said unreachable: `ENETUNREACH`.
    case network
    /// An unreachable route: `EHOSTUNREACH`.
    case host
    /// `EINVAL`
    case blackhole
    /// `EACCES`
    case prohibited
}
