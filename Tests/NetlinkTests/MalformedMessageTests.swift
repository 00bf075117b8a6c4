import CNL
import Testing

@testable import Netlink

@Suite("malformed messages") struct MalformedMessageTests {
    @Test("a message that is cut off is an error at every length", arguments: Samples.messages)
    func cutOff(message: [UInt8]) {
        for length in 1..<message.count {
            #expect(throws: MalformedMessage.self, "\(length)") {
                try readAll(Array(message[..<length]))
            }
        }
    }

    @Test(
        "attributes that are cut off are an error, or end between two", arguments: Samples.messages)
    func attributesCutOff(message: [UInt8]) throws {
        var whole = 0
        for length in 16..<message.count {
            var cut = Array(message[..<length])
            cut.withUnsafeMutableBytes { $0.storeBytes(of: UInt32(length), as: UInt32.self) }
            do {
                try readAll(cut)
                whole += 1
            } catch {}
        }
        // A cut falls between two attributes at one length in four at the most.
        #expect(whole <= message.count / 4)
    }

    @Test("an attribute without a length ends the message with an error")
    func zeroLength() throws {
        for message in Samples.messages {
            var message = message
            message.append(contentsOf: [0, 0, 0, 0])
            let length = UInt32(message.count)
            message.withUnsafeMutableBytes { $0.storeBytes(of: length, as: UInt32.self) }
            #expect(throws: MalformedMessage.self) { try readAll(message) }
        }
    }

    @Test("ten thousand damaged messages are read or refused") func mutations() {
        var random = SplitMix64(state: 82)
        let messages = Samples.messages
        var refused = 0
        for _ in 0..<10_000 {
            var message = messages[Int.random(in: messages.indices, using: &random)]
            if Bool.random(using: &random) {
                message += messages[Int.random(in: messages.indices, using: &random)]
            }
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let index = Int.random(in: message.indices, using: &random)
                // Lengths and types are small numbers: so are half of the new values.
                let largest: UInt8 = Bool.random(using: &random) ? 32 : 255
                message[index] = UInt8.random(in: 0...largest, using: &random)
            }
            do { try readAll(message) } catch { refused += 1 }
        }
        #expect(refused > 1000 && refused < 9999)
    }

    @Test("a damaged dump is an error that says so") func dump() throws {
        let message = Samples.messages[5]
        message[..<40].withUnsafeBytes { bytes in
            var dump = Dump<Route>(operation: "dump routes", sequence: 0, portID: 0)
            #expect(throws: KernelError.malformed("dump routes")) {
                try dump.take(MessageReader(bytes)) { message throws(MalformedMessage) in
                    try Route(message)
                }
            }
        }
    }
}

/// Reads a datagram as whatever it says it is.
private func readAll(_ datagram: [UInt8]) throws(MalformedMessage) {
    let result = datagram.withUnsafeBytes { bytes in
        Result { () throws(MalformedMessage) in
            var reader = MessageReader(bytes)
            while let message = try reader.next() {
                switch Int(message.header.nlmsg_type) {
                case RTM_NEWLINK: _ = try Link(message)
                case RTM_NEWADDR: _ = try InterfaceAddress(message, names: [:])
                case RTM_NEWROUTE: _ = try Route(message)
                case RTM_NEWRULE: _ = try Rule(message)
                default: _ = try Acknowledgement(message)
                }
            }
        }
    }
    try result.get()
}

/// Sebastiano Vigna's generator: the same numbers on every run.
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
