import Plist

/// What a file is, by its name and, where that says nothing, by its lines.
enum FileKind {
    case ifcfg, routes, interfaces, network, sysctl, tables
    /// Known, and with nothing in it for us.
    case idle
    /// Known, and not carried over.
    case foreign(String)
    case unknown

    /// - Parameter isAlone: somebody named this file, so that its content is looked at.
    init(_ source: SourceText, isAlone: Bool) {
        self = Self.byName(source, isAlone: isAlone) ?? Self.byContent(source)
    }

    private static func byName(_ source: SourceText, isAlone: Bool) -> FileKind? {
        let name = source.name
        let ends = [
            "~", ".bak", ".orig", ".old", ".rpmsave", ".rpmnew", ".rpmorig", ".swp",
            ".dpkg-old", ".dpkg-dist", ".dpkg-new", ".save",
        ]
        if !isAlone, ends.contains(where: name.hasSuffix) || name.hasPrefix(".") {
            return .foreign("a copy that its tool does not read")
        }
        if name.hasPrefix("ifcfg-") { return .ifcfg }
        if RouteFileReader.prefixes.contains(where: name.hasPrefix) || name == "routes" {
            return .routes
        }
        if name.hasSuffix(".network") { return .network }
        if name.hasSuffix(".netdev") { return .foreign("rtsetup does not create interfaces") }
        if name.hasSuffix(".link") { return .foreign("names and MAC addresses stay udev's") }
        if name.hasSuffix(".nmconnection") || name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
            return .foreign("this format is not read; import --kernel reads what it has configured")
        }
        if name == "interfaces" { return .interfaces }
        if name == "rt_tables" { return .tables }
        if name == "sysctl.conf" { return .sysctl }
        if name == "network", Self.has(source, ["NETWORKING=", "GATEWAY="]) { return .routes }
        let scripts = ["ifup", "ifdown", "init.", "network-functions", "README", "scripts"]
        if !isAlone, scripts.contains(where: name.hasPrefix) { return .idle }
        if !isAlone, name == "config" || name == "dhcp" || name == "networks" { return .idle }
        return nil
    }

    private static func byContent(_ source: SourceText) -> FileKind {
        if source.bytes.contains(0) { return .unknown }
        if has(source, ["iface ", "auto ", "source ", "source-directory ", "allow-hotplug "]) {
            return .interfaces
        }
        if has(source, ["[Match]", "[Network]"]) { return .network }
        if has(source, ["BOOTPROTO=", "IPADDR", "DEVICE=", "STARTMODE=", "IPV6ADDR="]) {
            return .ifcfg
        }
        if has(source, ["net.", "-net.", "net/", "kernel.", "vm.", "fs."]) { return .sysctl }
        return .unknown
    }

    private static func has(_ source: SourceText, _ beginnings: [String]) -> Bool {
        Line.all(of: source).contains { line in
            let text = line.trimmed
            return beginnings.contains(where: text.hasPrefix)
        }
    }
}
