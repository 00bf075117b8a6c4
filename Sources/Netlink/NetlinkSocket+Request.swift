import CNL
import SystemPackage

extension NetlinkSocket {
    /// Sends one request, and waits for its acknowledgement.
    ///
    /// - Throws: what the kernel refused, in its own words.
    func request(
        _ operation: String, _ write: (inout MessageWriter) -> Void
    ) throws(KernelError) {
        var writer = MessageWriter()
        write(&writer)
        let sequence = takeSequences(1)
        writer.setSequence(sequence, at: 0)
        writer.requestAcknowledgement(at: 0)
        try send(writer.bytes(0..<writer.count), for: operation)
        var answers = Answers(first: sequence, count: 1, portID: portID)
        while !answers.isComplete { try answers.take(try receive(for: operation)) }
        guard let (errno, message) = answers.refusals[0] else { return }
        throw KernelError(operation, errno, message: message)
    }

    /// The number of a generic netlink family; nil where the kernel lacks it.
    func genericFamily(_ name: String) throws(KernelError) -> UInt16? {
        let operation = "find netlink family \(name)"
        // Not a dump, but answered like one that ends with an acknowledgement.
        do throws(KernelError) {
            return try dump(operation) { writer in
                let header = genlmsghdr(cmd: UInt8(CTRL_CMD_GETFAMILY), version: 1, reserved: 0)
                writer.begin(type: Int(GENL_ID_CTRL), flags: NLM_F_ACK, header)
                writer.put(Int(CTRL_ATTR_FAMILY_NAME), name)
            } decode: { message throws(MalformedMessage) in
                var attributes = message.attributes(after: genlmsghdr.self)
                while let attribute = try attributes.next() {
                    guard attribute.type == Int(CTRL_ATTR_FAMILY_ID) else { continue }
                    return try attribute.integer(UInt16.self)
                }
                return nil
            }.first
        } catch  where error.errno == .noSuchFileOrDirectory {
            return nil
        }
    }
}
