import CNL
import Glibc
import SystemPackage

/// A socket that sends single packets.
final class DatagramSocket: Sendable {
    let descriptor: Int32

    /// - Throws: `EPERM` without CAP_NET_RAW.
    init(_ family: Int32, _ type: __socket_type, _ protocol: Int32) throws(KernelError) {
        descriptor = socket(family, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), `protocol`)
        guard descriptor >= 0 else { throw .last("open socket") }
    }

    deinit { close(descriptor) }

    func set(_ level: Int32, _ option: Int32, _ value: Int32) throws(KernelError) {
        var value = value
        let size = socklen_t(MemoryLayout<Int32>.size)
        guard setsockopt(descriptor, level, option, &value, size) == 0 else {
            throw .last("set socket option")
        }
    }

    func bind<Address>(to address: Address) throws(KernelError) {
        let result = withSocketAddress(address) { Glibc.bind(descriptor, $0, $1) }
        guard result == 0 else { throw .last("bind socket") }
    }

    func send<Address>(
        _ bytes: [UInt8], to address: Address
    ) throws(KernelError) {
        let result = withSocketAddress(address) { address, size in
            bytes.withUnsafeBytes { sendto(descriptor, $0.baseAddress, $0.count, 0, address, size) }
        }
        guard result == bytes.count else { throw .last("send") }
    }

    private func withSocketAddress<Address, Result>(
        _ address: Address, _ body: (UnsafePointer<sockaddr>?, socklen_t) -> Result
    ) -> Result {
        withUnsafeBytes(of: address) { bytes in
            body(
                bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self),
                socklen_t(bytes.count))
        }
    }
}
