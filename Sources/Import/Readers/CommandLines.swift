import Netlink

extension ImportedHost {
    /// A shell line that their tool runs when an interface goes up: what it is understood to do is
    /// carried over, and nothing is executed.
    mutating func run(
        _ text: String, _ origin: Origin, _ interface: Int, variables: [String: String] = [:]
    ) {
        if let (name, value) = Self.write(text) {
            return SysctlReader.add(name, value, origin, to: &self)
        }
        let tokens: [ShellWords.Token]
        do throws(ShellWords.Problem) {
            tokens = try ShellWords.tokens(of: text, variables: variables)
        } catch {
            return note(origin.note(error.reason), interface)
        }
        var command: [String] = []
        var isSure = true
        var joint = ";"
        for token in tokens + [.control(";")] {
            guard case .control(let next) = token else {
                if case .word(let word) = token { command.append(word) }
                continue
            }
            if next == "(" || next == ")" || next == "&" && !command.isEmpty {
                return note(origin.note("not executed"), interface)
            }
            if !command.isEmpty {
                switch joint {
                case "|": isSure = note(command, origin, "not executed: a pipe", interface)
                // What is done where the first one fails.
                case "||" where ["true", ":", "exit"].contains(command[0]): break
                case "||": isSure = note(command, origin, "not executed: a fallback", interface)
                case "&&" where !isSure:
                    isSure = note(command, origin, "not executed: it depends on more", interface)
                default:
                    isSure =
                        next == "|"
                        ? note(command, origin, "not executed: a pipe", interface)
                        : run(command, origin, interface)
                }
            }
            command = []
            joint = next
        }
    }

    /// `echo 0 > /proc/sys/net/ipv4/conf/eth0/rp_filter`
    private static func write(_ text: String) -> (name: String, value: String)? {
        let parts = text.split(separator: ">", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let (echo, path) = (parts[0].blankSeparated, parts[1].blankSeparated)
        guard echo.count == 2, echo[0] == "echo", path.count == 1,
            path[0].hasPrefix("/proc/sys/"), !path[0].contains("$"),
            wordNumber(echo[1]) as UInt32? != nil
        else { return nil }
        return (String(path[0].dropFirst("/proc/sys/".count)), echo[1])
    }

    /// - Returns: false: what depends on it is not known.
    private mutating func note(
        _ command: [String], _ origin: Origin, _ remark: String, _ interface: Int
    ) -> Bool {
        note(Note(origin.place, "\(command.joined(separator: " ")): \(remark)"), interface)
        return false
    }

    /// - Returns: whether it was understood.
    private mutating func run(_ words: [String], _ origin: Origin, _ interface: Int) -> Bool {
        let line = origin
        let origin = Origin(origin.place, words.joined(separator: " "))
        let name = interfaces[interface].name
        func isHere(_ device: String?) -> Bool {
            device.map { IfcfgReader.base(of: $0) == name } ?? true
        }
        switch IPCommand.read(words, tables: tables, origin: origin) {
        case .route(let route, let ignored): add(route, ignored: ignored, interface: interface)
        case .rule(let rule): rules.append(rule)
        case .address(let address, let device, let ignored) where isHere(device):
            interfaces[interface].add(
                address.address, address.length, origin, noDAD: address.noDAD)
            if !ignored.isEmpty {
                let words = ignored.joined(separator: ", ")
                note(origin.note("not carried over of it: \(words)"), interface)
            }
        case .mtu(let mtu, let device) where isHere(device):
            interfaces[interface].mtu = ImportedNumber(value: mtu, origin: origin)
        case .address, .mtu:
            note(origin.note("not carried over: it is about another interface"), interface)
            return false
        case .sysctl(let name, let value): SysctlReader.add(name, value, origin, to: &self)
        case .idle: break
        case .notCarriedOver(let reason):
            let remark = reason == "not executed" ? reason : "not carried over: \(reason)"
            // Redirections and the like are in their line only.
            let isAll = line.text.blankSeparated.dropFirst().elementsEqual(words)
            let command = isAll ? "" : "'\(origin.text)' "
            note(line.note(command + remark), interface)
            return false
        }
        return true
    }
}
