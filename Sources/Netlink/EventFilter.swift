import CNL

/// What the kernel leaves out before it wakes anybody: a socket filter (classic BPF, which knows
/// netlink attributes since Linux 2.6) that costs the host next to nothing while a routing daemon
/// writes its hundred thousand routes.
struct EventFilter {
    private(set) var instructions: [sock_filter] = []
    private static let everything = UInt32.max

    /// Leaves out what `ownPort` asked for, routes of `local`, and what routing daemons do to
    /// routes that are no default, take nobody's place and are in none of the `tables`.
    init(ownPort: UInt32, tables: Set<UInt32>?) {
        let messageType = MemoryLayout<nlmsghdr>.offset(of: \.nlmsg_type) ?? 4
        let flags = MemoryLayout<nlmsghdr>.offset(of: \.nlmsg_flags) ?? 6
        let port = MemoryLayout<nlmsghdr>.offset(of: \.nlmsg_pid) ?? 12
        let route = MemoryLayout<nlmsghdr>.size

        load(BPF_W, at: port)
        give(0, where: ownPort.bigEndian)
        load(BPF_H, at: messageType)
        goOn(where: [RTM_NEWROUTE, RTM_DELROUTE].map { UInt32(UInt16($0).bigEndian) })
        load(BPF_B, at: route + (MemoryLayout<rtmsg>.offset(of: \.rtm_table) ?? 4))
        give(0, where: RouteTable.local)
        load(BPF_B, at: route + (MemoryLayout<rtmsg>.offset(of: \.rtm_protocol) ?? 5))
        guard let tables else {
            append(BPF_RET | BPF_K, Self.everything)
            return
        }
        goOn(
            where: (UInt8.min...UInt8.max).map(RouteProtocol.init(rawValue:))
                .filter(\.isRoutingDaemon).map { UInt32($0.rawValue) })
        load(BPF_B, at: route + (MemoryLayout<rtmsg>.offset(of: \.rtm_dst_len) ?? 1))
        give(Self.everything, where: 0)
        load(BPF_H, at: flags)
        give(Self.everything, where: UInt32(UInt16(NLM_F_REPLACE).bigEndian), BPF_JSET)
        load(BPF_B, at: route + (MemoryLayout<rtmsg>.offset(of: \.rtm_table) ?? 4))
        give(0, where: RouteTable.main)
        // The header has 8 bits for a table; the attribute has it whole.
        append(BPF_LD | BPF_IMM, UInt32(route + MemoryLayout<rtmsg>.size))
        append(BPF_LDX | BPF_IMM, RTA_TABLE.rawValue)
        append(
            BPF_LD | BPF_W | BPF_ABS, UInt32(bitPattern: SKF_AD_OFF + SKF_AD_NLATTR))
        give(0, where: 0)
        append(BPF_MISC | BPF_TAX, 0)
        append(BPF_LD | BPF_W | BPF_IND, UInt32(MemoryLayout<nlattr>.size))
        // A program has a limited length: with too many tables nothing in any is left out.
        let isTooLong = instructions.count + 2 * tables.count >= Int(BPF_MAXINSNS)
        if !isTooLong {
            for table in tables.sorted() { give(Self.everything, where: table.bigEndian) }
        }
        append(BPF_RET | BPF_K, isTooLong ? Self.everything : 0)
    }

    /// What is loaded is in network order, and the kernel's messages are in the host's.
    private mutating func load(_ size: Int32, at offset: Int) {
        append(BPF_LD | size | BPF_ABS, UInt32(offset))
    }

    /// Ends here with a verdict where the loaded value is this.
    private mutating func give(
        _ verdict: UInt32, where value: UInt32, _ comparison: Int32 = BPF_JEQ
    ) {
        append(BPF_JMP | comparison | BPF_K, value, orElse: 1)
        append(BPF_RET | BPF_K, verdict)
    }

    /// Ends here with the whole message unless the loaded value is one of these.
    private mutating func goOn(where values: [UInt32]) {
        for (index, value) in values.enumerated() {
            append(BPF_JMP | BPF_JEQ | BPF_K, value, then: UInt8(values.count - index))
        }
        append(BPF_RET | BPF_K, Self.everything)
    }

    private mutating func append(
        _ code: Int32, _ value: UInt32, then: UInt8 = 0, orElse: UInt8 = 0
    ) {
        instructions.append(
            sock_filter(
                code: UInt16(truncatingIfNeeded: code), jt: then, jf: orElse, k: value))
    }
}
