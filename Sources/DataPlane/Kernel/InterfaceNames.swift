package import Netlink

/// The names of a namespace's interfaces, for people.
package typealias InterfaceNames = [InterfaceIndex: String]

extension InterfaceNames {
    package init(of links: [Link]) {
        self.init(links.map { ($0.index, $0.name) }, uniquingKeysWith: { first, _ in first })
    }

    /// The name, or iproute2's `if7` for one that is not there.
    package func name(of index: InterfaceIndex) -> String { self[index] ?? "if\(index)" }
}
