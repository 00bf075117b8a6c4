import Netlink
import Plist
import RPSTuner

/// What is remembered of queues, as part of a text plist: there may be hundreds of files, and all
/// are read at every run.
///
/// One entry an interface, in it one a kind of file: `rps_cpus = "0 0 f 1 0 f0";`, each queue with
/// its first value and ours; an `=` behind it says what the kernel made of ours. Interrupts have an
/// entry each.
enum QueueRecord {
    static func entries(_ settings: [RememberedSetting]) -> [PlistValue.Entry] {
        var byInterface: [InterfaceIndex: [PlistValue.Entry]] = [:]
        for setting in settings {
            guard case .steering(let first) = setting.first else { continue }
            let name: String
            var text: String
            switch first.file {
            case .rps(let queue), .flows(let queue), .xps(let queue):
                name = first.file.name.split(separator: " ").last.map(String.init) ?? ""
                text = "\(queue) \(first.value.text)"
            case .interrupt(let interrupt):
                name = interrupt
                text = "0 \(first.value.text)"
            }
            if case .steering(let ours) = setting.ours { text += " \(ours.value.text)" }
            if case .steering(let narrowed) = setting.narrowed { text += "=\(narrowed.value.text)" }
            let last = byInterface[first.interface]?.last
            if let last, last.key == name, case .string(let others) = last.value {
                byInterface[first.interface]?.removeLast()
                text = others + " " + text
            }
            byInterface[first.interface, default: []].append(.init(name, .string(text)))
        }
        return byInterface.sorted { $0.key < $1.key }.map {
            .init("\($0.key)", .dictionary($0.value))
        }
    }

    static func settings(_ entry: PlistValue.Entry) throws(Damage) -> [RememberedSetting] {
        let interface = try InterfaceIndex(entry.key).orDamage()
        var settings: [RememberedSetting] = []
        for entry in try entry.value.entries {
            let words = Array(try entry.value.string.orDamage().utf8)
                .split(separator: UInt8(ascii: " "))
            guard words.count.isMultiple(of: 3) else { throw Damage() }
            for place in stride(from: 0, to: words.count, by: 3) {
                let queue = try Int(bytes: words[place]).orDamage()
                let file: QueueFile =
                    switch entry.key {
                    case "rps_cpus": .rps(queue)
                    case "rps_flow_cnt": .flows(queue)
                    case "xps_cpus": .xps(queue)
                    default: .interrupt(entry.key)
                    }
                func object(_ bytes: ArraySlice<UInt8>) throws(Damage) -> KernelObject {
                    let value = try QueueValue(bytes: bytes, of: file).orDamage()
                    return .steering(SteeringSetting(interface: interface, file, value))
                }
                let values = words[place + 2].split(separator: UInt8(ascii: "="))
                guard (1...2).contains(values.count) else { throw Damage() }
                settings.append(
                    RememberedSetting(
                        first: try object(words[place + 1]), ours: try object(values[0]),
                        narrowed: values.count > 1 ? try object(values[1]) : nil))
            }
        }
        return settings
    }
}
