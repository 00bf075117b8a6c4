import Netlink

@testable import DataPlane

/// The law of specification section 2, asked of one state.
struct Law {
    let state: KernelState
    /// The interfaces that the file manages: ENIs.
    let managed: Set<InterfaceIndex>
    /// Interfaces whose own table comes before main's routes (`MainRoutes = ignore`).
    let ignoring: Set<InterfaceIndex>
    /// What the file makes of each interface and family; a path that has no gateway and does not
    /// fail closed is outside the law, with a warning.
    let paths: [SourcePath]

    /// Sentences about packets that break it.
    var violations: [String] {
        var found: [String] = []
        for path in paths where path.gateway != nil || path.failsClosed {
            let sources = Traffic.addresses(state).filter {
                $0.interface == path.interface && $0.family == path.family
            }
            for source in sources {
                for destination in Traffic.destinations
                where destination.family == path.family && !state.isLocal(destination) {
                    found += violations(from: source, to: destination)
                }
            }
        }
        return found
    }

    private func violations(from source: InterfaceAddress, to destination: IPAddress) -> [String] {
        let outcome = state.lookup(Packet(to: destination, from: source.address))
        let flow = "\(source.address) of \(name(source.interface)) to \(destination)"
        let main = state.match(Packet(to: destination), in: RouteTable.main)
        let mainExits = main.flatMap { $0.rejection == nil ? $0.outcome.interfaces : nil } ?? []
        var found: [String] = []
        for exit in outcome.interfaces where exit != source.interface {
            if managed.contains(exit) {
                found.append("\(flow) leaves by \(name(exit))")
            } else if !mainExits.contains(exit) {
                found.append("\(flow) leaves by \(name(exit)), which main does not name")
            }
        }
        guard let main, !main.route.destination.isDefault, main.rejection == nil else {
            return found
        }
        let prefers = !ignoring.contains(source.interface)
        if prefers, mainExits.isDisjoint(with: managed), outcome != main.outcome {
            found.append("\(flow) does not follow main to \(mainExits.map(name)), but \(outcome)")
        }
        if prefers, mainExits == [source.interface], outcome != main.outcome {
            found.append("\(flow): main knows \(main.outcome), its table \(outcome)")
        }
        return found
    }

    private func name(_ index: InterfaceIndex) -> String { state.link(index)?.name ?? "\(index)" }
}
