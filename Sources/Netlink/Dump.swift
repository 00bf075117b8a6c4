import CNL

/// The answer to a dump request, datagram by datagram.
struct Dump<Value> {
    let operation: String
    let sequence: UInt32
    let portID: UInt32
    private(set) var values: [Value] = []
    /// How many datagrams held values.
    private(set) var answers = 0
    private(set) var isComplete = false
    /// The table changed under the dump: some entries may be missing, others come twice.
    private(set) var isInterrupted = false

    init(operation: String, sequence: UInt32, portID: UInt32) {
        self.operation = operation
        self.sequence = sequence
        self.portID = portID
    }

    /// Takes the messages that answer this dump; others are of an earlier one, or nobody's.
    mutating func take(
        _ datagram: MessageReader, _ decode: (Message) throws(MalformedMessage) -> Value?
    ) throws(KernelError) {
        var error: (Acknowledgement)?
        let known = values.count
        do throws(MalformedMessage) {
            var datagram = datagram
            while error == nil, let message = try datagram.next() {
                guard message.header.nlmsg_seq == sequence, message.header.nlmsg_pid == portID
                else { continue }
                let flags = Int32(message.header.nlmsg_flags)
                if flags & NLM_F_DUMP_INTR != 0 { isInterrupted = true }
                switch Int32(message.header.nlmsg_type) {
                case NLMSG_DONE, NLMSG_ERROR:
                    isComplete = true
                    error = try Acknowledgement(message)
                default:
                    if let value = try decode(message) { values.append(value) }
                }
            }
        } catch {
            throw .malformed(operation)
        }
        if values.count > known { answers += 1 }
        if let (errno, message) = error?.error {
            throw KernelError(operation, errno, message: message)
        }
    }
}
