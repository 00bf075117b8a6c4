import Netlink
import RPSTuner

/// The queues of an interface before and after a change of its channels.
struct QueueLayout {
    let queues: InterfaceQueues
    /// The kernel takes queues away, makes others, and resets what it likes.
    let isNew: Bool
    private let receiveCount: Int
    private let transmitCount: Int

    init(_ queues: InterfaceQueues, before: Channels?, after: Channels?) {
        self.queues = queues
        isNew = before != after
        receiveCount = isNew ? after?.receiveQueues ?? 0 : queues.receive.count
        transmitCount = isNew ? after?.transmitQueues ?? 0 : queues.transmit.count
    }

    /// Whether there will be this file.
    func will(have file: QueueFile) -> Bool {
        switch file {
        case .rps(let queue), .flows(let queue): queue < receiveCount
        case .xps(let queue): queue < transmitCount
        case .interrupt(let name): queues.interrupts.contains { $0.name == name }
        }
    }
}

extension QueueFile {
    var isTransmit: Bool { if case .xps = self { true } else { false } }
}
