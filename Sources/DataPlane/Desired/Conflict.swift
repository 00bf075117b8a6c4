import Netlink
import Plist

/// What stops a plan (exit 69), and how much of it.
struct Conflict: Hashable, Sendable {
    /// What stays as it is while the conflict stands, for whoever goes on beside it. Nothing is removed
    /// from the interfaces concerned either: what replaces it may be what is in conflict.
    enum Extent: Hashable, Sendable {
        /// All of the host: the desired state is not whole.
        case host
        /// All of the interfaces.
        case interfaces
        /// Their addresses, routes and rules.
        case family(AddressFamily)
        /// Their channels and steering.
        case queues
        case object(KernelObject.Identity)
        /// What is there already.
        case removals
        /// Nothing: what is wanted beside it is right.
        case nothing
    }

    var diagnostic: Diagnostic
    /// The links that it is about; empty: none that is here.
    var interfaces: Set<InterfaceIndex> = []
    var extent: Extent = .host

    init(
        _ location: SourceLocation?, _ message: String, of interfaces: Set<InterfaceIndex> = [],
        leaving extent: Extent = .host
    ) {
        diagnostic = Diagnostic(.error, at: location, message)
        self.interfaces = interfaces
        self.extent = extent
    }

    /// Of the whole host.
    init(_ diagnostic: Diagnostic) { self.diagnostic = diagnostic }
}

extension [Conflict] {
    /// Each once: one gateway may have a route in main and one in a table.
    var diagnostics: [Diagnostic] {
        var told: Set<Diagnostic> = []
        return map(\.diagnostic).filter { told.insert($0).inserted }
    }
}

extension Plan.Options {
    /// Which conflicts stop a plan.
    enum Refusal: Hashable, Sendable {
        case all
        /// Those of these interfaces.
        case of(Set<InterfaceIndex>)
        /// Only those that leave nothing to plan.
        case none
    }

    func accepts(_ conflict: Conflict) -> Bool {
        guard conflict.extent != .host else { return false }
        return switch refusal {
        case .all: false
        case .of(let interfaces): conflict.interfaces.isDisjoint(with: interfaces)
        case .none: true
        }
    }
}
