import CNL

/// Writes netlink messages one behind the other into one flat buffer.
struct MessageWriter: ~Copyable {
    private var buffer: UnsafeMutableRawBufferPointer
    /// Where the message begins that is being written.
    private(set) var start = 0

    init() { buffer = .allocate(byteCount: 4096, alignment: 16) }

    deinit { buffer.deallocate() }

    /// How long the messages are, all together.
    private(set) var count = 0

    /// The messages from one offset to another.
    borrowing func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: buffer[range])
    }

    /// Begins a message with its fixed part: `rtmsg`, `ifaddrmsg` …
    mutating func begin(type: Int, flags: Int32, _ fixed: some BitwiseCopyable) {
        start = count
        reserve(MemoryLayout<nlmsghdr>.size)
        let header = mnl_nlmsg_put_header(buffer.baseAddress?.advanced(by: start))
        header?.pointee.nlmsg_type = UInt16(truncatingIfNeeded: type)
        header?.pointee.nlmsg_flags = UInt16(truncatingIfNeeded: NLM_F_REQUEST | flags)
        count += MemoryLayout<nlmsghdr>.size
        append(fixed)
    }

    /// Sets the sequence number of the message that begins at `offset`.
    mutating func setSequence(_ sequence: UInt32, at offset: Int) {
        header(at: offset)?.pointee.nlmsg_seq = sequence
    }

    /// Asks for an answer to the message that begins at `offset` even where all goes well.
    mutating func requestAcknowledgement(at offset: Int) {
        header(at: offset)?.pointee.nlmsg_flags |= UInt16(NLM_F_ACK)
    }

    mutating func put(_ type: Int, _ value: some FixedWidthInteger & BitwiseCopyable) {
        withUnsafeBytes(of: value) { put(type, bytes: $0) }
    }

    mutating func put(_ type: Int, _ address: IPAddress) {
        switch address.family {
        case .ipv4: put(type, UInt32(truncatingIfNeeded: address.bits).bigEndian)
        case .ipv6: put(type, address.bits.bigEndian)
        }
    }

    /// With the terminating NUL.
    mutating func put(_ type: Int, _ text: String) {
        reserve(MemoryLayout<nlattr>.size + text.utf8.count + 1)
        mnl_attr_put_strz(header(at: start), UInt16(truncatingIfNeeded: type), text)
        count = end
    }

    mutating func put(_ attribute: RawAttribute) {
        attribute.payload.withUnsafeBytes { put(Int(attribute.type), bytes: $0) }
    }

    mutating func put(_ type: Int, bytes: UnsafeRawBufferPointer) {
        reserve(MemoryLayout<nlattr>.size + bytes.count)
        mnl_attr_put(
            header(at: start), UInt16(truncatingIfNeeded: type), bytes.count, bytes.baseAddress)
        count = end
    }

    /// An attribute made of what `body` writes.
    mutating func nest(_ type: Int, _ body: (inout MessageWriter) -> Void) {
        let offset = count
        append(nlattr(nla_len: 0, nla_type: UInt16(truncatingIfNeeded: type)))
        body(&self)
        // The length of both `nlattr` and `rtnexthop` is their first field.
        setLength(at: offset)
    }

    /// A `struct rtnexthop` and the attributes that belong to it.
    mutating func hop(_ hop: rtnexthop, _ body: (inout MessageWriter) -> Void) {
        let offset = count
        append(hop)
        body(&self)
        setLength(at: offset)
    }

    /// Bytes that are no attribute, or that are attributes already.
    mutating func append(bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        reserve(bytes.count)
        mnl_nlmsg_put_extra_header(header(at: start), bytes.count)?
            .copyMemory(from: source, byteCount: bytes.count)
        count = end
    }

    private mutating func append(_ value: some BitwiseCopyable) {
        withUnsafeBytes(of: value) { append(bytes: $0) }
    }

    private mutating func setLength(at offset: Int) {
        buffer.storeBytes(
            of: UInt16(truncatingIfNeeded: count - offset), toByteOffset: offset, as: UInt16.self)
    }

    private var end: Int { start + Int(header(at: start)?.pointee.nlmsg_len ?? 0) }

    private func header(at offset: Int) -> UnsafeMutablePointer<nlmsghdr>? {
        buffer.baseAddress?.advanced(by: offset).assumingMemoryBound(to: nlmsghdr.self)
    }

    private mutating func reserve(_ size: Int) {
        let needed = count + netlinkAligned(size)
        guard needed > buffer.count else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(needed, 2 * buffer.count), alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        buffer.deallocate()
        buffer = larger
    }
}
