import CNL
import Glibc
@testable import Netlink

extension Samples {
    /// A link as a dump shows it.
    static var link: [UInt8] {
        encoded { writer in
            var header = ifinfomsg()
            header.ifi_index = 3
            header.ifi_type = UInt16(ARPHRD_ETHER)
            writer.begin(type: RTM_NEWLINK, flags: 0, header)
            writer.put(IFLA_IFNAME, "eth0")
            writer.put(IFLA_MTU, UInt32(1500))
            writer.put(RawAttribute(type: UInt16(IFLA_ADDRESS), payload: [2, 0, 0, 0, 0, 1]))
            writer.put(RawAttribute(type: UInt16(IFLA_PERM_ADDRESS), payload: [0, 0, 0, 0, 0, 0]))
            writer.nest(IFLA_PROP_LIST) { $0.put(IFLA_ALT_IFNAME, "one") }
            writer.nest(IFLA_LINKINFO) { $0.put(IFLA_INFO_KIND, "veth") }
        }
    }

    /// EINVAL in the kernel's own words.
    static var refusal: [UInt8] { answer(errno: EINVAL, text: "Nexthop has invalid gateway") }

    static func answer(errno: Int32, text: String? = nil, sequence: UInt32 = 1) -> [UInt8] {
        encoded { writer in
            let flags = NLM_F_CAPPED | (text == nil ? 0 : NLM_F_ACK_TLVS)
            let request = nlmsghdr(
                nlmsg_len: 16, nlmsg_type: UInt16(RTM_NEWROUTE), nlmsg_flags: 0,
                nlmsg_seq: sequence, nlmsg_pid: 0)
            writer.begin(
                type: Int(NLMSG_ERROR), flags: flags, nlmsgerr(error: -errno, msg: request))
            if let text { writer.put(Int(NLMSGERR_ATTR_MSG.rawValue), text) }
            writer.setSequence(sequence, at: 0)
        }
    }
}
