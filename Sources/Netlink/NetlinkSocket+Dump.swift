import CNL
import Glibc
import SystemPackage

extension NetlinkSocket {
    /// Every link. Equivalent to `ip -d link show`.
    ///
    /// - Throws: `KernelError` as all dumps do: what the kernel refused, or `EINTR` where it
    ///   changed the table under every reading for ten seconds, so that there is no consistent
    ///   answer.
    public func links() throws(KernelError) -> [Link] { try interfaces().map(\.link) }

    /// Every link, and its sysctls in the same moment.
    public func interfaces() throws(KernelError) -> [(
        link: Link, configuration: DeviceConfiguration
    )] {
        try dump("dump links") { writer in
            writer.begin(type: RTM_GETLINK, flags: NLM_F_DUMP, ifinfomsg())
            writer.put(IFLA_EXT_MASK, UInt32(RTEXT_FILTER_SKIP_STATS))
        } decode: { message throws(MalformedMessage) in
            guard Int(message.header.nlmsg_type) == RTM_NEWLINK else { return nil }
            return (try Link(message), try DeviceConfiguration(message))
        }
    }

    /// Every address of a family, those of an interface in the kernel's order. Equivalent to
    /// `ip -d address show`.
    ///
    /// Thousands of IPv6 addresses take seconds to leave duplicate address detection, and each that
    /// does interrupts a reading of all. Then they are read interface by interface, so that those of
    /// different interfaces are not of the same moment.
    ///
    /// - Parameter names: what the interfaces are called: a label that says the same is none.
    public func addresses(
        _ family: AddressFamily, names: [InterfaceIndex: AddressLabel]
    ) throws(KernelError) -> [InterfaceAddress] {
        let isDivisible = canFilterDumps && !names.isEmpty
        do throws(KernelError) {
            return try addresses(
                family, of: 0, names: names, patience: isDivisible ? .zero : Self.patience)
        } catch  where isDivisible && error.errno == .interrupted {
            var found: [InterfaceAddress] = []
            for interface in names.keys.sorted() {
                do throws(KernelError) {
                    found += try addresses(
                        family, of: interface, names: names, patience: Self.patience)
                } catch  where error.errno == .operationNotSupportedByDevice {
                    continue
                }
            }
            return found
        }
    }

    /// - Parameter interface: 0 for all.
    func addresses(
        _ family: AddressFamily, of interface: InterfaceIndex,
        names: [InterfaceIndex: AddressLabel], patience: Duration
    ) throws(KernelError) -> [InterfaceAddress] {
        // The kernel tells of no interruption where one interface is asked for (inet_dump_ifaddr,
        // inet6_dump_addr): readings must agree in what no duplicate address detection changes.
        let isSame: ((InterfaceAddress, InterfaceAddress) -> Bool)? =
            interface == 0
            ? nil : { $0.address == $1.address && $0.prefixLength == $1.prefixLength }
        return try dump("dump \(family) addresses", patience: patience, isSame: isSame) { writer in
            var header = ifaddrmsg()
            header.ifa_family = family.rawValue
            header.ifa_index = UInt32(bitPattern: interface)
            writer.begin(type: RTM_GETADDR, flags: NLM_F_DUMP, header)
        } decode: { message throws(MalformedMessage) in
            guard Int(message.header.nlmsg_type) == RTM_NEWADDR,
                message.isFamily(family)
            else { return nil }
            return try InterfaceAddress(message, names: names)
        }
    }

    /// The routes of every table but `local`. Equivalent to `ip -d route show table all`.
    public func routes(_ family: AddressFamily) throws(KernelError) -> [Route] {
        try dump("dump \(family) routes") { writer in
            var header = rtmsg()
            header.rtm_family = family.rawValue
            writer.begin(type: RTM_GETROUTE, flags: NLM_F_DUMP, header)
        } decode: { message throws(MalformedMessage) in
            guard Int(message.header.nlmsg_type) == RTM_NEWROUTE,
                message.isFamily(family)
            else { return nil }
            return try Route(message)
        }
    }

    /// The rules in the order in which the kernel asks them. Equivalent to `ip -d rule show`.
    public func rules(_ family: AddressFamily) throws(KernelError) -> [Rule] {
        try dump("dump \(family) rules") { writer in
            var header = fib_rule_hdr()
            header.family = family.rawValue
            writer.begin(type: RTM_GETRULE, flags: NLM_F_DUMP, header)
        } decode: { message throws(MalformedMessage) in
            guard Int(message.header.nlmsg_type) == RTM_NEWRULE,
                message.isFamily(family)
            else { return nil }
            return try Rule(message)
        }
    }

    /// How long a table may go on changing under its readings.
    static let patience = Duration.seconds(10)

    /// Every object that answers the request.
    ///
    /// - Parameters:
    ///   - isSame: given for what the kernel does not mark as interrupted: where it took more than
    ///     one answer, two readings must agree.
    ///   - decode: nil for a message that is none of them.
    func dump<Value>(
        _ operation: String, patience: Duration = patience,
        isSame: ((Value, Value) -> Bool)? = nil, request: (inout MessageWriter) -> Void,
        decode: (Message) throws(MalformedMessage) -> Value?
    ) throws(KernelError) -> [Value] {
        var writer = MessageWriter()
        request(&writer)
        let deadline = ContinuousClock.now + patience
        var pause: UInt32 = 1000
        var last: [Value]?
        while true {
            let sequence = takeSequences(1)
            writer.setSequence(sequence, at: 0)
            try send(writer.bytes(0..<writer.count), for: operation)
            var dump = Dump<Value>(operation: operation, sequence: sequence, portID: portID)
            while !dump.isComplete {
                try dump.take(try receive(for: operation), decode)
            }
            if !dump.isInterrupted {
                guard let isSame, dump.answers > 1 else { return dump.values }
                if last?.elementsEqual(dump.values, by: isSame) == true { return dump.values }
                last = dump.values
            }
            guard ContinuousClock.now < deadline else { break }
            usleep(pause)
            pause = min(2 * pause, 100_000)
        }
        throw KernelError(
            operation, .interrupted,
            message: "the table changed during every reading for ten seconds")
    }
}

extension Message {
    /// A kernel without IPv6 answers for the families that it has (rtnl_dump_all).
    fileprivate func isFamily(_ family: AddressFamily) -> Bool {
        payload.first == family.rawValue
    }
}
