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

    /// nil for what `entries` does not write.
    static func settings(
        of interface: InterfaceIndex, _ value: PlistValue
    ) -> [RememberedSetting]? {
        var settings: [RememberedSetting] = []
        for entry in value.entries {
            let words = Array((entry.value.string ?? "").utf8).split(separator: UInt8(ascii: " "))
            guard words.count.isMultiple(of: 3) else { return nil }
            for place in stride(from: 0, to: words.count, by: 3) {
                guard let queue = Int(bytes: words[place]) else { return nil }
                let file: QueueFile =
                    switch entry.key {
                    case "rps_cpus": .rps(queue)
                    case "rps_flow_cnt": .flows(queue)
                    case "xps_cpus": .xps(queue)
                    default: .interrupt(entry.key)
                    }
                func object(_ bytes: ArraySlice<UInt8>) -> KernelObject? {
                    QueueValue(bytes: bytes, of: file).map {
                        .steering(SteeringSetting(interface: interface, file, $0))
                    }
                }
                let values = words[place + 2].split(separator: UInt8(ascii: "="))
                guard let first = object(words[place + 1]), let ours = values.first.flatMap(object)
                else { return nil }
                settings.append(
                    RememberedSetting(
                        first: first, ours: ours,
                        narrowed: values.count > 1 ? object(values[1]) : nil))
            }
        }
        return settings
    }
}
