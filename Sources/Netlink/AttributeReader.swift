import CNL

/// A netlink attribute. It reads from the receive buffer and must not outlive it.
struct Attribute {
    /// With `NLA_F_NESTED` where the kernel sets it.
    let rawType: UInt16
    let payload: UnsafeRawBufferPointer

    var type: Int { Int(cnl_attribute_type(rawType)) }

    /// The attributes inside.
    var nested: AttributeReader { AttributeReader(payload) }

    /// The attribute as it came, for sending it back.
    var copy: RawAttribute { RawAttribute(type: rawType, payload: Array(payload)) }

    func integer<Value: FixedWidthInteger & BitwiseCopyable>(
        _: Value.Type = Value.self
    ) throws(MalformedMessage) -> Value {
        try payload.value()
    }

    func address(_ family: AddressFamily) throws(MalformedMessage) -> IPAddress {
        switch family {
        case .ipv4:
            IPAddress(family: .ipv4, bits: UInt128(UInt32(bigEndian: try payload.value())))
        case .ipv6: IPAddress(family: .ipv6, bits: UInt128(bigEndian: try payload.value()))
        }
    }

    /// Up to the terminating NUL, or all there is.
    var text: String { String(decoding: payload.prefix { $0 != 0 }, as: UTF8.self) }

    /// nil for what is no Ethernet address, and for one that is all zero: the kernel's "none".
    var mac: MACAddress? { MACAddress(bytes: payload).flatMap { $0.bits == 0 ? nil : $0 } }
}

/// The attributes of a message or of a nest, one after the other.
///
/// libmnl's own loop (`mnl_attr_ok`) ends at a bad length as it ends at the last attribute; here
/// a bad length is an error.
struct AttributeReader {
    private var rest: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    mutating func next() throws(MalformedMessage) -> Attribute? {
        guard !rest.isEmpty else { return nil }
        let header: nlattr = try rest.value()
        let payload = try rest.advance(
            past: Int(header.nla_len), headerSize: MemoryLayout<nlattr>.size)
        return Attribute(rawType: header.nla_type, payload: payload)
    }
}

extension rtattr_type_t {
    /// `RTA_*` are a C enum of their own; every other attribute number arrives as `Int`.
    var number: Int { Int(rawValue) }
}
