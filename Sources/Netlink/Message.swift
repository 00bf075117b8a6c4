import CNL

/// A netlink message or attribute whose lengths promise more than there is.
struct MalformedMessage: Error {}

/// One message of a datagram. It reads from the receive buffer and must not outlive it.
struct Message {
    let header: nlmsghdr
    let payload: UnsafeRawBufferPointer

    /// The fixed part that stands before the attributes: `rtmsg`, `ifaddrmsg` …
    func fixed<Header: BitwiseCopyable>(_: Header.Type) throws(MalformedMessage) -> Header {
        try payload.value()
    }

    /// The attributes behind the fixed part.
    func attributes<Header>(after _: Header.Type) -> AttributeReader {
        let start = min(netlinkAligned(MemoryLayout<Header>.size), payload.count)
        return AttributeReader(UnsafeRawBufferPointer(rebasing: payload[start...]))
    }
}

/// The messages of a datagram, one after the other.
///
/// libmnl's own loop (`mnl_nlmsg_ok`) ends at a bad length as it ends at the last message; here
/// a bad length is an error.
struct MessageReader {
    private var rest: UnsafeRawBufferPointer

    init(_ datagram: UnsafeRawBufferPointer) { rest = datagram }

    mutating func next() throws(MalformedMessage) -> Message? {
        guard !rest.isEmpty else { return nil }
        let header: nlmsghdr = try rest.value()
        let length = Int(header.nlmsg_len)
        let payload = try rest.advance(past: length, headerSize: MemoryLayout<nlmsghdr>.size)
        return Message(header: header, payload: payload)
    }
}

/// `NLMSG_ALIGN` and `NLA_ALIGN`: everything begins at a multiple of four.
func netlinkAligned(_ length: Int) -> Int { (length + 3) & ~3 }

extension UnsafeRawBufferPointer {
    /// The value that stands at the beginning.
    func value<Value: BitwiseCopyable>() throws(MalformedMessage) -> Value {
        guard count >= MemoryLayout<Value>.size else { throw MalformedMessage() }
        return loadUnaligned(as: Value.self)
    }

    /// Steps over an item of `length` bytes, and returns what follows its header.
    mutating func advance(
        past length: Int, headerSize: Int
    ) throws(MalformedMessage) -> UnsafeRawBufferPointer {
        guard length >= headerSize, length <= count else { throw MalformedMessage() }
        let payload = UnsafeRawBufferPointer(rebasing: self[headerSize..<length])
        self = UnsafeRawBufferPointer(rebasing: self[Swift.min(netlinkAligned(length), count)...])
        return payload
    }
}
