import CNL
import Glibc
import SystemPackage
import Testing

@testable import Netlink

@Suite("acknowledgements") struct AcknowledgementTests {
    @Test("every refusal is kept with its request") func refusals() throws {
        var answers = Answers(first: 10, count: 4, portID: 0)
        try answers.take(Samples.answer(errno: EINVAL, text: "first", sequence: 11))
        try answers.take(Samples.answer(errno: EEXIST, text: "second", sequence: 12))
        #expect(!answers.isComplete)
        try answers.take(Samples.answer(errno: 0, sequence: 13))
        #expect(answers.isComplete)
        #expect(answers.refusals.keys.sorted() == [1, 2])
        #expect(answers.refusals[1]?.errno == .invalidArgument)
        #expect(answers.refusals[1]?.message == "first")
        #expect(answers.refusals[2]?.message == "second")
    }

    @Test("the last request's refusal is an end like its acknowledgement") func lastRefused() throws
    {
        var answers = Answers(first: 10, count: 2, portID: 0)
        try answers.take(Samples.answer(errno: EEXIST, sequence: 11))
        #expect(answers.isComplete)
        #expect(answers.refusals.keys.sorted() == [1])
    }

    @Test("answers to others are passed over", arguments: [9, 12, 0] as [UInt32])
    func others(sequence: UInt32) throws {
        var answers = Answers(first: 10, count: 2, portID: 0)
        try answers.take(Samples.answer(errno: EINVAL, sequence: sequence))
        #expect(answers.refusals.isEmpty)
        try answers.take(Samples.answer(errno: 0, sequence: 10))
        #expect(!answers.isComplete)

        var foreign = Answers(first: 10, count: 1, portID: 4711)
        try foreign.take(Samples.answer(errno: 0, sequence: 10))
        #expect(!foreign.isComplete)
    }

    @Test("the kernel's words stand behind the request, where it comes back whole")
    func uncapped() throws {
        let bytes = Samples.encoded { writer in
            let request = nlmsghdr(
                nlmsg_len: 20, nlmsg_type: 0, nlmsg_flags: 0, nlmsg_seq: 1, nlmsg_pid: 0)
            writer.begin(
                type: Int(NLMSG_ERROR), flags: NLM_F_ACK_TLVS,
                nlmsgerr(error: -EPERM, msg: request))
            withUnsafeBytes(of: UInt32(4711)) { writer.append(bytes: $0) }
            writer.put(Int(NLMSGERR_ATTR_MSG.rawValue), "words")
        }
        let error = try decode(bytes) { try Acknowledgement($0) }?.error
        #expect(error?.errno == .notPermitted)
        #expect(error?.message == "words")
    }

    @Test("an interrupted dump is marked, and a refused one throws") func dumps() throws {
        var dump = Dump<Route>(operation: "dump routes", sequence: 7, portID: 0)
        var bytes = Samples.encoded { writer in
            Samples.routes[0].write(.add, to: &writer)
            writer.setSequence(7, at: 0)
        }
        bytes[6] |= UInt8(NLM_F_DUMP_INTR)
        try dump.take(bytes)
        #expect(dump.values == [Samples.routes[0]])
        #expect(dump.isInterrupted)
        try dump.take(
            Samples.encoded { writer in
                writer.begin(type: Int(NLMSG_DONE), flags: 0, Int32(0))
                writer.setSequence(7, at: 0)
            })
        #expect(dump.isComplete)

        let failed = Samples.encoded { writer in
            writer.begin(type: Int(NLMSG_DONE), flags: 0, -EBUSY)
            writer.setSequence(7, at: 0)
        }
        #expect(throws: KernelError("dump routes", .resourceBusy)) { try dump.take(failed) }
    }
}

extension Answers {
    fileprivate mutating func take(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try take(MessageReader($0)) }
    }
}

extension Dump<Route> {
    fileprivate mutating func take(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { bytes in
            try take(MessageReader(bytes)) { message throws(MalformedMessage) in
                try Route(message)
            }
        }
    }
}
