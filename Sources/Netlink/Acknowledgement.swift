import CNL
import SystemPackage

/// The kernel's answer to a request: `NLMSG_ERROR`, or the `NLMSG_DONE` of a dump.
struct Acknowledgement {
    /// nil: done as asked.
    let error: (errno: Errno, message: String?)?

    init(_ message: Message) throws(MalformedMessage) {
        let isDone = Int32(message.header.nlmsg_type) == NLMSG_DONE
        // A DONE without a payload is one without an error.
        let code: Int32 = isDone && message.payload.isEmpty ? 0 : try message.payload.value()
        guard code < 0, code > -4096 else {
            guard code >= 0 else { throw MalformedMessage() }
            error = nil
            return
        }
        var text: String?
        if Int32(message.header.nlmsg_flags) & NLM_F_ACK_TLVS != 0 {
            var attributes = try Self.attributes(of: message, isDone: isDone)
            while let attribute = try attributes.next() {
                if attribute.type == Int(NLMSGERR_ATTR_MSG.rawValue) { text = attribute.text }
            }
        }
        error = (Errno(rawValue: -code), text)
    }

    /// They stand behind the error and, in `NLMSG_ERROR`, the request, or its header alone.
    private static func attributes(
        of message: Message, isDone: Bool
    ) throws(MalformedMessage) -> AttributeReader {
        var rest = message.payload
        _ = try rest.advance(past: MemoryLayout<Int32>.size, headerSize: 0)
        if !isDone {
            let request: nlmsghdr = try rest.value()
            let isCapped = Int32(message.header.nlmsg_flags) & NLM_F_CAPPED != 0
            let size = MemoryLayout<nlmsghdr>.size
            _ = try rest.advance(
                past: isCapped ? size : Int(request.nlmsg_len), headerSize: size)
        }
        return AttributeReader(rest)
    }
}
