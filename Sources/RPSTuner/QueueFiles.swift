internal import Glibc
public import Netlink
internal import SystemPackage

/// Reads and writes the files below /sys/class/net/IF/queues and /proc/irq.
public struct QueueFiles: Sendable {
    public var sysfs: SysFS

    public init(_ sysfs: SysFS = SysFS()) { self.sysfs = sysfs }

    /// Whether /sys shows this very interface: it belongs to the network namespace of whoever
    /// mounted it, and another namespace may have an interface of the same name.
    ///
    /// - Parameter isOurs: another interface has shown that it is this namespace's; the index says
    ///   then that the name is still this interface's.
    public func shows(_ link: Link, isOurs: Bool = false) -> Bool {
        let folder = sysfs.folder(of: link.name)
        guard sysfs.number(folder + "/ifindex") == Int(link.index) else { return false }
        guard let mac = link.mac, !isOurs else { return true }
        return KernelFile.read(folder + "/address").flatMap { MACAddress($0) } == mac
    }

    /// What the files of an interface say; nil where /sys does not show it.
    ///
    /// - Parameters:
    ///   - interrupts: this host's, where they are among the aspects.
    ///   - isOurs: as `shows` has it.
    public func read(
        _ link: Link, _ aspects: InterfaceQueues.Aspects, interrupts: InterruptTable? = nil,
        isOurs: Bool = false
    ) -> InterfaceQueues? {
        guard shows(link, isOurs: isOurs) else { return nil }
        let path = sysfs.folder(of: link.name) + "/queues"
        guard let folder = try? KernelFile.open(path, O_RDONLY | O_DIRECTORY) else { return nil }
        defer { close(folder) }
        var queues = InterfaceQueues()
        queues.receive = masks(in: folder, of: QueueFile.rps).map { .init(rps: $0) }
        if aspects.contains(.rfs) {
            for queue in queues.receive.indices {
                guard let path = QueueFile.flows(queue).path else { continue }
                queues.receive[queue].flows =
                    KernelFile.parse(path, in: folder) { text in
                        Int(String(decoding: text, as: UTF8.self))
                    } ?? nil
            }
        }
        if aspects.contains(.xps) {
            queues.transmit = masks(in: folder, of: QueueFile.xps).map { .init(xps: $0) }
        }
        if let interrupts, aspects.contains(.interrupts) {
            queues.interrupts = self.interrupts(of: link, among: interrupts)
        }
        if aspects.contains(.node) { queues.node = sysfs.node(of: link.name) }
        // One mount holds them all.
        queues.isReadOnly =
            !isOurs && sysfs.isReadOnly(path + "/rx-0/rps_cpus")
            || queues.interrupts.first.map { sysfs.isReadOnly(affinityFile(of: $0.number)) }
                ?? false
        return queues
    }

    /// What one file of each queue says, nil where the queue has no such file.
    private func masks(in folder: Int32, of file: (Int) -> QueueFile) -> [CPUMask?] {
        var masks: [CPUMask?] = []
        while let path = file(masks.count).path {
            if let mask = KernelFile.parse(path, in: folder, { CPUMask(maskBytes: $0) }) {
                masks.append(mask)
                continue
            }
            // Where the queue before has the file, this queue is not there.
            if let last = masks.last, last != nil { break }
            guard faccessat(folder, String(path.prefix { $0 != "/" }), F_OK, 0) == 0 else { break }
            masks.append(nil)
        }
        return masks
    }

    /// Writes one value, of a link that /sys `shows`.
    ///
    /// - Parameter interrupts: this host's, for an interrupt's affinity.
    /// - Throws: `KernelError` with the path as its message; `ENOENT` for a queue or an interrupt
    ///   that is not there, and `EIO` or `EPERM` for one that the kernel manages.
    public func write(
        _ value: QueueValue, to file: QueueFile, of link: Link, interrupts: InterruptTable? = nil
    ) throws(KernelError) {
        let operation = "write \(file.name)"
        guard let path = file.path else {
            return try write(value, toInterrupt: file, of: link, interrupts, for: operation)
        }
        try KernelFile.write(
            value.text, to: "\(sysfs.folder(of: link.name))/queues/\(path)", for: operation)
    }

    private func write(
        _ value: QueueValue, toInterrupt file: QueueFile, of link: Link,
        _ table: InterruptTable?, for operation: String
    ) throws(KernelError) {
        guard case .interrupt(let name) = file, case .cpus(let cpus) = value, let table,
            let interrupt = interrupts(of: link, among: table).first(where: { $0.name == name })
        else { throw KernelError(operation, .noSuchFileOrDirectory) }
        try KernelFile.write(
            cpus.listText, to: affinityFile(of: interrupt.number), for: operation)
    }

    private func affinityFile(of interrupt: Int) -> String {
        "\(sysfs.proc)/irq/\(interrupt)/smp_affinity_list"
    }

    /// The interrupts of an interface's queues, told by their names alone.
    func interrupts(of link: Link, among table: InterruptTable) -> [QueueInterrupt] {
        let virtio = sysfs.deviceName(of: link.name).flatMap {
            $0.hasPrefix("virtio") ? $0 + "-" : nil
        }
        let vectors = sysfs.devices(of: link.name).lazy.map { sysfs.names(in: $0 + "/msi_irqs") }
            .first { !$0.isEmpty }
        let mine = vectors.map { Set($0.compactMap { Int($0) }) }
        let found = table.lines.compactMap { line -> QueueInterrupt? in
            let isMine =
                if let virtio {
                    line.name.hasPrefix(virtio)
                } else {
                    mine?.contains(line.number) ?? line.name.contains("\(link.name)-")
                }
            guard isMine, let (direction, queue) = QueueInterrupt.parse(line.name) else {
                return nil
            }
            return QueueInterrupt(
                number: line.number, name: line.name, direction: direction, queue: queue,
                affinity: affinity(line.number, "smp_affinity_list"),
                effective: affinity(line.number, "effective_affinity_list"))
        }
        return found.sorted { ($0.queue, $0.number) < ($1.queue, $1.number) }
    }

    private func affinity(_ interrupt: Int, _ file: String) -> CPUMask? {
        KernelFile.read("\(sysfs.proc)/irq/\(interrupt)/\(file)").flatMap {
            try? CPUMask(listText: $0)
        }
    }
}

extension QueueFile {
    /// As people call it: `rx-0 rps_cpus`.
    public var name: String {
        switch self {
        case .rps(let queue): "rx-\(queue) rps_cpus"
        case .flows(let queue): "rx-\(queue) rps_flow_cnt"
        case .xps(let queue): "tx-\(queue) xps_cpus"
        case .interrupt(let name): "\(name) smp_affinity_list"
        }
    }
}

extension QueueValue {
    /// Reads what `text` says of such a file.
    package init?(bytes: ArraySlice<UInt8>, of file: QueueFile) {
        switch file {
        case .flows:
            guard let count = Int(bytes: bytes) else { return nil }
            self = .count(count)
        case .rps, .xps, .interrupt:
            guard let cpus = CPUMask(maskBytes: bytes) else { return nil }
            self = .cpus(cpus)
        }
    }

    /// As its file takes it, interrupts apart.
    public var text: String {
        switch self {
        case .cpus(let cpus): cpus.maskText
        case .count(let count): "\(count)"
        }
    }
}

extension Int {
    /// A number in decimal digits, of at most 18; nil for anything else.
    package init?(bytes: some Collection<UInt8>) {
        guard (1...18).contains(bytes.count) else { return nil }
        var number = 0
        for byte in bytes {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            number = 10 * number + Int(byte - UInt8(ascii: "0"))
        }
        self = number
    }
}
