import DataPlane
import Netlink
import Plist

/// Edits that a person makes to a file that is in force.
struct FileEditor {
    var random: SeededGenerator

    /// The file after one to three edits; the same one where no edit makes sense.
    mutating func edited(_ file: GeneratedFile) -> GeneratedFile {
        for _ in 0..<10 {
            let edited = editedAtRandom(file)
            if edited.isReadable { return edited }
        }
        return file
    }

    private mutating func editedAtRandom(_ file: GeneratedFile) -> GeneratedFile {
        var file = file
        for _ in 0..<random.number(1...3) { edit(&file) }
        for index in file.interfaces.indices where !file.interfaces[index].isExternal {
            // A gateway of a family needs an address of it.
            let hasIPv6 = file.interfaces[index].addresses.contains { $0.contains(":") }
            let hasIPv4 = file.interfaces[index].addresses.contains { !$0.contains(":") }
            file.interfaces[index].gateways.removeAll { $0.contains(":") ? !hasIPv6 : !hasIPv4 }
        }
        return file
    }

    private mutating func edit(_ file: inout GeneratedFile) {
        let all = Array(file.interfaces.indices)
        let secondaries = all.filter { !file.interfaces[$0].isPrimary }
        guard let one = random.one(of: secondaries), let any = random.one(of: all) else { return }
        let other = random.one(of: secondaries.filter { $0 != one })
        switch random.number(0...15) {
        case 15: file.interfaces[any].queues = random.pick(nil, QueueWishes.one(&random))
        case 0:
            guard let other else { return }
            move(from: one, to: other, in: &file)
        case 1:
            guard let other else { return }
            // Tables change hands; what had none by name takes its default's number.
            let tables = [one, other].map { index in
                file.interfaces[index].table ?? 1000 + index
            }
            (file.interfaces[one].table, file.interfaces[other].table) = (tables[1], tables[0])
        case 2: file.interfaces.remove(at: one)
        case 3: file.interfaces[one].isManaged = false
        case 4: changeGateway(of: any, in: &file)
        case 5:
            guard !file.interfaces[any].isExternal else { return }
            let subnet = file.interfaces[any].addresses.first?.split(separator: ".").dropFirst(2)
                .first
            guard let subnet, let number = Int(subnet) else { return }
            let host = 170 + file.interfaces[any].number
            file.interfaces[any].addresses.append("\(HostGenerator.ipv4(number, host))/24")
        case 6:
            if file.interfaces[one].addresses.count > 1 {
                file.interfaces[one].addresses.remove(
                    at: random.number(0...file.interfaces[one].addresses.count - 1))
            }
        case 7: file.interfaces[any].mainRoutes = random.pick("ignore", "prefer")
        case 8: file.interfaces[any].ruleSource = random.pick("address", "auto")
        case 9: changeLength(of: one, in: &file)
        case 10: file.interfaces[one].addresses.shuffle(using: &random)
        case 11: file.interfaces[any].ruleSource = "subnet"
        case 12: file.interfaces[one].isManaged = true
        case 13:
            let source = file.interfaces[one].addresses.first?.split(separator: "/").first
            guard let source else { return }
            let destination = source.contains(":") ? "2001:db8:ffff::/48" : "10.66.0.0/16"
            file.interfaces[one].routes.append(
                "{ Destination = \"\(destination)\"; PreferredSource = \"\(source)\"; }")
        default:
            file.interfaces[one].table = random.pick(3000, 4000) + file.interfaces[one].number
            file.interfaces[one].failClosed = random.pick("YES", "NO", nil)
        }
    }

    private mutating func move(from one: Int, to other: Int, in file: inout GeneratedFile) {
        let addresses = file.interfaces[one].addresses
        guard addresses.count > 1, file.interfaces[other].isManaged else { return }
        let moved = file.interfaces[one].addresses.remove(
            at: random.number(1...addresses.count - 1))
        file.interfaces[other].addresses.append(moved)
    }

    private mutating func changeLength(of index: Int, in file: inout GeneratedFile) {
        let addresses = file.interfaces[index].addresses
        guard let at = random.one(of: addresses.indices),
            let slash = addresses[at].firstIndex(of: "/")
        else { return }
        let length = addresses[at].contains(":") ? random.pick("56", "96") : random.pick("23", "22")
        file.interfaces[index].addresses[at] = addresses[at][...slash] + length
    }

    private mutating func changeGateway(of index: Int, in file: inout GeneratedFile) {
        guard let at = file.interfaces[index].gateways.firstIndex(where: { !$0.contains(":") }),
            let dot = file.interfaces[index].gateways[at].lastIndex(of: ".")
        else { return }
        let net = file.interfaces[index].gateways[at][...dot]
        file.interfaces[index].gateways[at] = net + "\(random.pick(251, 252, 253))"
    }
}

extension GeneratedFile {
    fileprivate var isReadable: Bool {
        (try? ConfigReader.read([SourceText(file: "main", text: text)])) != nil
    }
}
