package import Netlink
import RPSTuner

extension Change {
    /// `ip` and `sysctl` command lines that do the same, quoted for a POSIX shell.
    ///
    /// iproute2 marks addresses only since 6.3, so that an address's mark is left out.
    package func commands(names: InterfaceNames) -> [String] {
        switch (object, action) {
        case (.link(let setting), _): [setting.command(names)]
        case (.sysctl(let setting), _):
            [setting.command]
        case (.channels(let setting), _):
            [
                "ethtool -L \(names.name(of: setting.interface).shellQuoted) \(setting.counts.words.text)"
            ]
        // It goes with its queue.
        case (.steering, .remove): []
        case (.steering(let setting), _): [setting.command(names)]
        case (.address(let address), _): [address.command(action.verb, names)]
        case (.route(let route), .replace): [route.command("replace", names)]
        case (.route(let route), .add) where route.isConnected: [route.command("append", names)]
        case (.route(let route), _): [route.command(action.verb, names)]
        // The kernel has no replacement for rules: the new one first.
        case (.rule(let rule), .replace(.rule(let old), with: _)):
            [rule.command("add"), old.command("del")]
        case (.rule(let rule), _): [rule.command(action.verb)]
        }
    }
}

extension Change.Action {
    fileprivate var verb: String {
        switch self {
        case .add: "add"
        case .remove: "del"
        case .replace: "change"
        }
    }
}

extension Route {
    /// Takes this very route away, and no twin of it.
    package func deleteCommand(names: InterfaceNames) -> String { command("del", names) }

    fileprivate func command(_ verb: String, _ names: InterfaceNames) -> String {
        var route = self
        // The kernel compares each metric that a delete gives; without them the path tells enough.
        if verb == "del" {
            route.otherAttributes = []
            for index in route.nextHops.indices { route.nextHops[index].otherAttributes = [] }
        }
        let command =
            "\(family.ip) route \(verb) \(route.words(names: names, under: nil).quoted)"
        return route.isEncapsulated
            ? "# \(command) (its encapsulation cannot be written here)" : command
    }
}

extension Rule {
    /// Takes this very rule away, and no twin of it.
    package var deleteCommand: String { command("del") }

    fileprivate func command(_ verb: String) -> String {
        "\(family.ip) rule \(verb) priority \(priority) \(words.quoted)"
    }
}

extension InterfaceAddress {
    fileprivate func command(_ verb: String, _ names: InterfaceNames) -> String {
        let words = words.filter { $0.key != "proto" }.quoted
        return "\(family.ip) address \(verb) \(words) dev \(names.name(of: interface).shellQuoted)"
    }
}

extension SysctlSetting {
    /// sysctl(8) ends a name at the first `=`, which an interface's name may hold.
    fileprivate var command: String {
        if "\(name)".contains("=") {
            return "echo \(value.shellQuoted) > \("/proc/sys/\(name.path)".shellQuoted)"
        }
        return "sysctl -q -w " + "\(name)=\(value)".shellQuoted
    }
}

extension LinkSetting {
    fileprivate func command(_ names: InterfaceNames) -> String {
        "ip link set dev \(names.name(of: interface).shellQuoted) \(words.quoted)"
    }
}

extension SteeringSetting {
    fileprivate func command(_ names: InterfaceNames) -> String {
        let path: String
        switch file {
        case .interrupt(let name):
            // A driver may give the interrupt another number meanwhile.
            let number =
                interrupt.map(String.init)
                ?? "$(sed -n 's/^ *\\([0-9]*\\):.* \(name)$/\\1/p' /proc/interrupts)"
            path = "/proc/irq/\(number)/smp_affinity_list"
        case .rps, .xps, .flows:
            path =
                "/sys/class/net/\(names.name(of: interface))/queues/\(file.path ?? "")".shellQuoted
        }
        return "echo \(valueText.shellQuoted) > \(path)"
    }
}

extension AddressFamily {
    fileprivate var ip: String { self == .ipv4 ? "ip" : "ip -6" }
}

extension [Word] {
    /// No interface name holds a blank, so that each word is one for the shell too.
    fileprivate var quoted: String {
        command.split(separator: " ").map { String($0).shellQuoted }.joined(separator: " ")
    }
}

extension String {
    /// One word for a POSIX shell.
    fileprivate var shellQuoted: String {
        let isPlain =
            !isEmpty
            && utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "+")...UInt8(ascii: ":"),
                    UInt8(ascii: "_"), UInt8(ascii: "="), UInt8(ascii: "@"):
                    true
                default: false
                }
            }
        if isPlain { return self }
        return "'"
            + split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: "'\\''") + "'"
    }
}
