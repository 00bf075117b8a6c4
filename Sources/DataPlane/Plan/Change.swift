public import Netlink
public import Plist

/// One step of a plan.
public struct Change: Hashable, Sendable {
    public enum Action: Hashable, Sendable {
        case add(KernelObject)
        case remove(KernelObject)
        /// In place, under one identity: an address's mark, a route's path, a setting's value.
        case replace(KernelObject, with: KernelObject)
    }

    public var action: Action
    /// The interface under which it is shown; nil: the host.
    public var owner: InterfaceIndex?
    /// What in the files wants it; nil where nothing does any more.
    public var origin: SourceLocation?
    /// For people: `foreign, goes with 10.0.0.30`.
    public var note: String?
    /// Another host on the link holds the address.
    var isOfDuplicate = false
    /// Not sent: the kernel does it by itself with another change, and it is shown for that.
    public var isSideEffect: Bool

    public init(
        _ action: Action, owner: InterfaceIndex? = nil, origin: SourceLocation? = nil,
        note: String? = nil, isSideEffect: Bool = false
    ) {
        self.action = action
        self.owner = owner
        self.origin = origin
        self.note = note
        self.isSideEffect = isSideEffect
    }

    /// What undoes it.
    public var inverse: Change {
        let back: Action =
            switch action {
            case .add(let object): .remove(object)
            case .remove(let object): .add(object)
            case .replace(let old, let new): .replace(new, with: old)
            }
        var change = self
        change.action = back
        return change
    }

    /// The object that it is about, as it will be; for a removal as it was.
    public var object: KernelObject {
        switch action {
        case .add(let object), .remove(let object), .replace(_, with: let object): object
        }
    }
}
