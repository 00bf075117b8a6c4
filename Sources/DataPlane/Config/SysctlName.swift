/// A sysctl below `net`, as path components: `net`, `ipv4`, `conf`, `eth0.5`, `rp_filter`.
public struct SysctlName: Hashable, Sendable {
    public let components: [String]

    public init(components: [String]) { self.components = components }

    /// `net.FAMILY.conf.INTERFACE.KEY`, where the interface's name may hold dots.
    public static func interface(_ interface: String, _ family: String, _ key: String) -> Self {
        SysctlName(components: ["net", family, "conf", interface, key])
    }

    init(path: String) {
        components = path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
    }

    /// Below /proc/sys.
    public var path: String { Self.text(components, separator: "/") }

    /// The standard library's `joined` searches the binary for what it needs.
    private static func text(_ components: [String], separator: String) -> String {
        var text = ""
        for component in components {
            if !text.isEmpty { text += separator }
            text += component
        }
        return text
    }
}

extension SysctlName {
    /// The interface and the key tell the names of one host apart; equality looks at all.
    public func hash(into hasher: inout Hasher) {
        for component in components.suffix(2) { hasher.combine(component) }
    }
}

extension SysctlName: Comparable {
    public static func < (a: SysctlName, b: SysctlName) -> Bool {
        a.components.lexicographicallyPrecedes(b.components)
    }
}

extension SysctlName: CustomStringConvertible {
    /// sysctl(8)'s words: dots, and `/` in place of a dot inside a component.
    public var description: String {
        let words = components.map { component in
            component.utf8.contains(UInt8(ascii: "."))
                ? String(component.map { $0 == "." ? "/" : $0 }) : component
        }
        return Self.text(words, separator: ".")
    }
}
