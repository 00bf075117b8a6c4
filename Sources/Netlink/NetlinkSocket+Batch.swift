import CNL
import SystemPackage

extension NetlinkSocket {
    /// Receive buffer that an answer takes, the kernel's overhead and words included.
    private static let answerCost = 2048

    /// Sends a batch, in chunks whose answers fit the receive buffer even if all are refusals.
    ///
    /// - Parameter shouldStop: asked before each chunk; true ends the batch there.
    /// - Throws: `BatchRefusal`, the first of them. Requests behind it in the same chunk may have
    ///   been carried out; no further chunk is sent. `EINTR` with the first request that was not
    ///   sent where `shouldStop` said so.
    public func send(
        _ batch: inout Batch, shouldStop: () -> Bool = { false }
    ) throws(BatchRefusal) {
        var next = 0
        while next < batch.count {
            if shouldStop() {
                throw BatchRefusal(index: next, error: KernelError("interrupted", .interrupted))
            }
            let chunk = chunk(of: batch, from: next)
            try send(chunk, of: &batch)
            next = chunk.upperBound
        }
    }

    private func chunk(of batch: borrowing Batch, from first: Int) -> Range<Int> {
        let most = max(1, receiveLimit / Self.answerCost)
        let sendLimit = sendLimit
        var end = first + 1
        while end < batch.count, end - first < most, !batch.barriers.contains(end),
            batch.range(of: first..<end + 1).count <= sendLimit
        {
            end += 1
        }
        return first..<end
    }

    private func send(_ chunk: Range<Int>, of batch: inout Batch) throws(BatchRefusal) {
        for request in chunk where batch.range(of: request..<request + 1).count > UInt16.max {
            // The lengths of attributes are 16 bits wide.
            let error = KernelError(batch.operation(of: request), .messageTooLong)
            throw BatchRefusal(index: request, error: error)
        }
        let sequence = takeSequences(chunk.count)
        for (offset, request) in chunk.enumerated() {
            batch.writer.setSequence(
                sequence + UInt32(truncatingIfNeeded: offset), at: batch.starts[request])
        }
        // A refusal is answered in any case, and answers come in order: the last tells the end.
        batch.writer.requestAcknowledgement(at: batch.starts[chunk.upperBound - 1])
        var answers = Answers(first: sequence, count: chunk.count, portID: portID)
        do throws(KernelError) {
            try send(batch.writer.bytes(batch.range(of: chunk)), for: "send requests")
            while !answers.isComplete {
                try answers.take(try receive(for: "receive acknowledgements"))
            }
        } catch {
            drain()
            throw BatchRefusal(index: nil, error: error)
        }
        var refusals: [Int: KernelError] = [:]
        for (offset, refusal) in answers.refusals {
            let request = chunk.lowerBound + offset
            refusals[request] = KernelError(
                batch.operation(of: request), refusal.errno, message: refusal.message)
        }
        guard let first = refusals.min(by: { $0.key < $1.key }) else { return }
        refusals[first.key] = nil
        throw BatchRefusal(index: first.key, error: first.value, others: refusals)
    }
}

/// The answers to a chunk as they come in: the refusals, and that of the last request.
struct Answers {
    private let first: UInt32
    private let count: Int
    private let portID: UInt32
    /// Whether the last request has been answered, and with it, as the kernel works in order, all.
    private(set) var isComplete = false
    /// By the request's place in the chunk.
    private(set) var refusals: [Int: (errno: Errno, message: String?)] = [:]

    init(first: UInt32, count: Int, portID: UInt32) {
        self.first = first
        self.portID = portID
        self.count = count
    }

    /// Takes the answers to this chunk; others are of an earlier one, or nobody's.
    mutating func take(_ datagram: MessageReader) throws(KernelError) {
        do throws(MalformedMessage) {
            var datagram = datagram
            while let message = try datagram.next() {
                let offset = Int(message.header.nlmsg_seq &- first)
                guard Int32(message.header.nlmsg_type) == NLMSG_ERROR, offset < count,
                    message.header.nlmsg_pid == portID
                else { continue }
                if offset == count - 1 { isComplete = true }
                if let refusal = try Acknowledgement(message).error {
                    refusals[offset] = refusal
                }
            }
        } catch {
            throw .malformed("receive acknowledgements")
        }
    }
}
