import DataPlane
import Netlink
import Plist

/// `sysctl.conf` and its kin: `name = value`.
enum SysctlReader {
    static func read(_ source: SourceText, into host: inout ImportedHost) {
        for line in Line.all(of: source) {
            var text = line.trimmed
            guard !text.isEmpty, !text.hasPrefix("#"), !text.hasPrefix(";") else { continue }
            // What cannot be set is passed over by sysctl(8).
            let isOptional = text.hasPrefix("-")
            if isOptional { text = text.dropFirst().trimmed }
            let origin = Origin(line.place, text)
            guard let equals = text.firstIndex(of: "=") else {
                // systemd's exclusion from a pattern.
                host.notes.append(origin.note(isOptional ? "nothing to set" : "not understood"))
                continue
            }
            add(
                text[..<equals].trimmed, text[equals...].dropFirst().trimmed, origin, to: &host)
        }
    }

    /// Keeps what is about interfaces.
    static func add(
        _ name: String, _ value: String, _ origin: Origin, to host: inout ImportedHost
    ) {
        let components = components(of: name)
        guard components.count == 5, components[0] == "net",
            ["ipv4", "ipv6"].contains(components[1]), components[2] == "conf"
        else {
            let remark =
                components.first == "net" && components.count < 3
                ? "not understood" : "left to sysctl(8): it is not about one interface"
            host.notes.append(origin.note(remark))
            return
        }
        host.sysctls.append(
            ImportedSysctl(
                name: SysctlName(components: components), value: value, origin: origin))
    }

    /// The first separator decides which of `.` and `/` separates.
    private static func components(of name: String) -> [String] {
        let separator = name.first { $0 == "." || $0 == "/" } ?? "."
        var parts = name.split(separator: separator, omittingEmptySubsequences: false).map {
            part in
            separator == "." ? String(part.map { $0 == "/" ? "." : $0 }) : String(part)
        }
        // net.ipv4.conf.eth0.5.rp_filter: people forget the '/'.
        if separator == ".", parts.count > 5, parts[0] == "net", parts[2] == "conf" {
            parts =
                parts[..<3] + [parts[3..<(parts.count - 1)].joined(separator: ".")]
                + parts.suffix(1)
        }
        return parts
    }
}
