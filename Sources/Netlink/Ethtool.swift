import CNL
import Glibc
import SystemPackage

/// What ethtool asks of a network namespace's devices: over generic netlink, with the older ioctl
/// where the kernel's family is missing (before 5.6).
public final class Ethtool {
    private let socket: NetlinkSocket
    /// nil: the kernel has no such family.
    private let family: UInt16?

    /// Opens a socket in the network namespace of the calling thread.
    ///
    /// - Parameter usesNetlink: false: as on a kernel without the family.
    public init(usesNetlink: Bool = true) throws(KernelError) {
        socket = try NetlinkSocket(family: NETLINK_GENERIC)
        family = usesNetlink ? try socket.genericFamily(ETHTOOL_GENL_NAME) : nil
    }

    /// The channels of the links that have any, in one request for all. Equivalent to
    /// `ethtool -l`.
    public func channels(of links: [Link]) throws(KernelError) -> [InterfaceIndex: Channels] {
        guard let family else { return try channelsByIOCTL(of: links) }
        do throws(KernelError) {
            let all = try socket.dump("dump channels") { writer in
                writer.begin(
                    type: Int(family), flags: NLM_F_DUMP,
                    genlmsghdr(
                        cmd: UInt8(ETHTOOL_MSG_CHANNELS_GET), version: UInt8(ETHTOOL_GENL_VERSION),
                        reserved: 0))
                // Empty: all devices. Without it Linux 6.1 says EINVAL, "request header missing".
                writer.nest(Int(ETHTOOL_A_CHANNELS_HEADER) | Int(NLA_F_NESTED)) { _ in }
            } decode: { message throws(MalformedMessage) in
                try Channels.decode(message)
            }
            return Dictionary(all) { first, _ in first }
        } catch  where error.errno == .notSupported || error.errno == .operationNotSupportedByDevice
        {
            // Linux 5.6 has the family without channels; a device that sleeps ends the dump.
            return try channelsByIOCTL(of: links)
        }
    }

    /// Sets the numbers that are given. Equivalent to `ethtool -L`.
    ///
    /// The kernel tells the driver nothing where they are equal already.
    public func setChannels(_ counts: ChannelCounts, of link: Link) throws(KernelError) {
        guard let family else { return try setChannelsByIOCTL(counts, of: link) }
        do throws(KernelError) {
            try socket.request("set channels") { writer in
                writer.begin(
                    type: Int(family), flags: 0,
                    genlmsghdr(
                        cmd: UInt8(ETHTOOL_MSG_CHANNELS_SET), version: UInt8(ETHTOOL_GENL_VERSION),
                        reserved: 0))
                writer.nest(Int(ETHTOOL_A_CHANNELS_HEADER) | Int(NLA_F_NESTED)) { header in
                    header.put(
                        Int(ETHTOOL_A_HEADER_DEV_INDEX), UInt32(bitPattern: link.index))
                }
                if let rx = counts.rx { writer.put(Int(ETHTOOL_A_CHANNELS_RX_COUNT), rx) }
                if let tx = counts.tx { writer.put(Int(ETHTOOL_A_CHANNELS_TX_COUNT), tx) }
                if let combined = counts.combined {
                    writer.put(Int(ETHTOOL_A_CHANNELS_COMBINED_COUNT), combined)
                }
            }
        } catch  where error.errno == .notSupported {
            try setChannelsByIOCTL(counts, of: link)
        }
    }

    private func channelsByIOCTL(
        of links: [Link]
    ) throws(KernelError) -> [InterfaceIndex: Channels] {
        var found: [InterfaceIndex: Channels] = [:]
        for link in links {
            do throws(KernelError) {
                let request = try ioctl("read channels", link, ETHTOOL_GCHANNELS)
                found[link.index] = Channels(request)
            } catch
                where error.errno == .notSupported || error.errno == .operationNotSupportedByDevice
            {
                continue
            }
        }
        return found
    }

    private func setChannelsByIOCTL(
        _ counts: ChannelCounts, of link: Link
    ) throws(KernelError) {
        var request = try ioctl("set channels", link, ETHTOOL_GCHANNELS)
        request.rx_count = counts.rx ?? request.rx_count
        request.tx_count = counts.tx ?? request.tx_count
        request.combined_count = counts.combined ?? request.combined_count
        _ = try ioctl("set channels", link, ETHTOOL_SCHANNELS, request)
    }

    /// Any socket does for `SIOCETHTOOL`.
    private func ioctl(
        _ operation: String, _ link: Link, _ command: Int32,
        _ channels: ethtool_channels = ethtool_channels()
    ) throws(KernelError) -> ethtool_channels {
        var channels = channels
        channels.cmd = UInt32(command)
        var request = ifreq()
        withUnsafeMutableBytes(of: &request.ifr_ifrn.ifrn_name) { name in
            name.copyBytes(from: link.name.utf8.prefix(name.count - 1))
        }
        let result = withUnsafeMutablePointer(to: &channels) { channels in
            request.ifr_ifru.ifru_data = UnsafeMutableRawPointer(channels)
                .assumingMemoryBound(to: CChar.self)
            return Glibc.ioctl(socket.descriptor, UInt(SIOCETHTOOL), &request)
        }
        guard result == 0 else { throw .last(operation) }
        return channels
    }
}

extension Channels {
    /// Decodes an `ETHTOOL_MSG_CHANNELS_GET_REPLY`.
    fileprivate static func decode(
        _ message: Message
    ) throws(MalformedMessage) -> (InterfaceIndex, Channels)? {
        var index: InterfaceIndex?
        var values: [Int: UInt32] = [:]
        var attributes = message.attributes(after: genlmsghdr.self)
        while let attribute = try attributes.next() {
            guard attribute.type == Int(ETHTOOL_A_CHANNELS_HEADER) else {
                values[attribute.type] = try attribute.integer()
                continue
            }
            var header = attribute.nested
            while let attribute = try header.next() {
                if attribute.type == Int(ETHTOOL_A_HEADER_DEV_INDEX) {
                    index = try attribute.integer()
                }
            }
        }
        func count(_ current: Int, of maximum: Int) -> Count? {
            values[maximum].map { Count(values[current] ?? 0, of: $0) }
        }
        let channels = Channels(
            rx: count(
                Int(ETHTOOL_A_CHANNELS_RX_COUNT), of: Int(ETHTOOL_A_CHANNELS_RX_MAX)),
            tx: count(
                Int(ETHTOOL_A_CHANNELS_TX_COUNT), of: Int(ETHTOOL_A_CHANNELS_TX_MAX)),
            combined: count(
                Int(ETHTOOL_A_CHANNELS_COMBINED_COUNT), of: Int(ETHTOOL_A_CHANNELS_COMBINED_MAX)),
            other: count(
                Int(ETHTOOL_A_CHANNELS_OTHER_COUNT), of: Int(ETHTOOL_A_CHANNELS_OTHER_MAX)))
        return index.map { ($0, channels) }
    }

    /// A kind of which there can be none is absent, as over netlink.
    fileprivate init(_ request: ethtool_channels) {
        func count(_ current: UInt32, of maximum: UInt32) -> Count? {
            maximum == 0 ? nil : Count(current, of: maximum)
        }
        self.init(
            rx: count(request.rx_count, of: request.max_rx),
            tx: count(request.tx_count, of: request.max_tx),
            combined: count(request.combined_count, of: request.max_combined),
            other: count(request.other_count, of: request.max_other))
    }
}
