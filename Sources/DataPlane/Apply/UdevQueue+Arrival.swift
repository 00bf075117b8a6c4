import Glibc
public import Netlink
import Plist

extension UdevQueue {
    /// Whether udev has devices in hand: those may become NICs.
    var isBusy: Bool { isHere && Files.exists(folder + "/queue") }

    /// Whether a NIC of the file is in udev's hands, or is missing while udev brings devices.
    func isBringing(_ config: Config, links: [Link]) -> Bool {
        config.interfaces.contains { interface in
            guard interface.isManaged else { return false }
            var ignored: [Diagnostic] = []
            guard let link = Host.link(of: interface, in: links, reporting: &ignored) else {
                return isBusy
            }
            return !link.isUp && isPending(link)
        }
    }
}

extension NetlinkKernel {
    /// At boot: waits until udev has brought and named the NICs of the file.
    ///
    /// As `udevadm settle`, but for those NICs alone: a device that never settles holds nothing
    /// up, and a NIC that is not on its way is not waited for.
    ///
    /// - Throws: where the links cannot be read.
    public func awaitUdev(_ config: Config) throws(KernelError) {
        let udev = UdevQueue(namespace: namespaceCookie.map { "\($0)" } ?? "")
        guard udev.isBusy else { return }
        let end = ContinuousClock.now + UdevQueue.longest
        while udev.isBringing(config, links: try links()), ContinuousClock.now < end {
            usleep(50_000)
        }
    }
}
