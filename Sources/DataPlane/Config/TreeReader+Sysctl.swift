import Plist

extension TreeReader {
    /// `Sysctl` of the top level: full names.
    mutating func sysctls(_ node: PlistNode) -> [SysctlConfig] {
        var sysctls: [SysctlConfig] = []
        var seen: [SysctlName: SourceLocation] = [:]
        for entry in dictionary(node, "'Sysctl'") ?? [] {
            guard let components = sysctlPath(entry), let value = sysctlValue(entry) else {
                continue
            }
            if let problem = problem(with: components, as: entry.key) {
                error(problem, at: entry.keyLocation)
                continue
            }
            let name = SysctlName(components: components)
            if let first = seen.updateValue(entry.keyLocation, forKey: name) {
                twice(entry, first)
            } else {
                sysctls.append(
                    SysctlConfig(name: name, value: value, location: entry.keyLocation))
            }
        }
        return sysctls
    }

    /// `Sysctl` of an interface: `ipv4.KEY` or `ipv6.KEY`.
    mutating func interfaceSysctls(_ node: PlistNode) -> [InterfaceSysctlConfig] {
        var sysctls: [InterfaceSysctlConfig] = []
        var seen: [[String]: SourceLocation] = [:]
        for entry in dictionary(node, "'Sysctl'") ?? [] {
            guard let components = sysctlPath(entry), let value = sysctlValue(entry) else {
                continue
            }
            guard components.count == 2, components[0] == "ipv4" || components[0] == "ipv6" else {
                let last = components.last.map { "ipv4.\($0)" } ?? "ipv4.accept_local"
                let cure =
                    components.first == "net"
                    ? "the name begins below the interface: '\(last)'"
                    : "the name is ipv4.KEY or ipv6.KEY, such as 'ipv4.accept_local'"
                error(
                    "\(Diagnostic.quote(entry.key)) is not an interface's sysctl; \(cure)",
                    at: entry.keyLocation)
                continue
            }
            let (family, key) = (components[0], components[1])
            if let first = seen.updateValue(entry.keyLocation, forKey: components) {
                twice(entry, first)
            } else {
                sysctls.append(
                    InterfaceSysctlConfig(
                        family: family, key: key, value: value, location: entry.keyLocation))
            }
        }
        return sysctls
    }

    private mutating func twice(_ entry: PlistEntry, _ first: SourceLocation) {
        error(
            "\(Diagnostic.quote(entry.key)) is the sysctl of line \(first.line) in another spelling",
            at: entry.keyLocation)
    }

    /// As sysctl(8) reads names: the first separator decides which of `.` and `/` separates, and
    /// the other one is a dot or a slash within a component.
    private mutating func sysctlPath(_ entry: PlistEntry) -> [String]? {
        let separator = entry.key.first { $0 == "." || $0 == "/" } ?? "."
        let components = entry.key.split(separator: separator, omittingEmptySubsequences: false)
            .map { part in
                separator == "." ? String(part.map { $0 == "/" ? "." : $0 }) : String(part)
            }
        let isSane = components.allSatisfy { component in
            !component.isEmpty && component != "." && component != ".."
                && component.unicodeScalars.allSatisfy {
                    !$0.properties.isWhitespace && $0.properties.generalCategory != .control
                }
        }
        if isSane { return components }
        error("\(Diagnostic.quote(entry.key)) is not a sysctl's name", at: entry.keyLocation)
        return nil
    }

    private func problem(with components: [String], as text: String) -> String? {
        guard components[0] == "net" else {
            return "\(Diagnostic.quote(text)) is not below net; rtsetup sets net.* only"
        }
        guard components.count >= 3 else {
            return "\(Diagnostic.quote(text)) is not a sysctl's full name"
        }
        // net.FAMILY.conf.INTERFACE.KEY: a dot in the interface's name makes one part too many.
        if ["ipv4", "ipv6"].contains(components[1]), components[2] == "conf", components.count > 5 {
            let name = components[3..<components.count - 1].joined(separator: "/")
            let cure = (components[..<3] + [name] + components.suffix(1)).joined(separator: ".")
            return "a dot in an interface's name is written '/'; did you mean '\(cure)'?"
        }
        return nil
    }

    private mutating func sysctlValue(_ entry: PlistEntry) -> String? {
        guard let value = string(entry.value, "the value of a sysctl") else { return nil }
        let isOneLine = value.unicodeScalars.allSatisfy {
            $0 == "\t" || $0.properties.generalCategory != .control
        }
        let isCPUMask = ["flow_limit_cpu_bitmap", "rps_default_mask"].contains {
            entry.key.hasSuffix($0)
        }
        if isOneLine { return isCPUMask ? value : Self.asKernelPrints(value) }
        error("the value of a sysctl is one line", at: entry.value.location)
        return nil
    }

    /// The kernel reads numbers as C writes them and answers in decimal: `0x1` and `01` are `1`,
    /// `010` is `8`. (CPU masks are hexadecimal without a sign of it.)
    ///
    /// Source: proc_get_long, strtoul_lenient (kernel/sysctl.c).
    private static func asKernelPrints(_ value: String) -> String {
        value.split { $0 == " " || $0 == "\t" }.map { word in
            let magnitude = word.hasPrefix("-") ? word.dropFirst() : word
            let isHexadecimal = magnitude.hasPrefix("0x") || magnitude.hasPrefix("0X")
            let digits = isHexadecimal ? magnitude.dropFirst(2) : magnitude
            guard isHexadecimal || digits.hasPrefix("0"), digits.first?.isHexDigit == true,
                let number = UInt64(digits, radix: isHexadecimal ? 16 : 8)
            else { return String(word) }
            return number > 0 && word.hasPrefix("-") ? "-\(number)" : "\(number)"
        }.joined(separator: " ")
    }
}
