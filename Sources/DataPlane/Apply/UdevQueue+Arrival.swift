import Glibc
public import Netlink
public import Plist

extension UdevQueue {
    /// Whether a NIC of the file is in udev's hands, or is missing while udev brings devices.
    func isBringing(_ config: Config, links: [Link]) -> Bool {
        guard isHere else { return false }
        return config.interfaces.contains { interface in
            guard interface.isManaged else { return false }
            var ignored = Host.Findings()
            guard let link = Host.link(of: interface, in: links, reporting: &ignored) else {
                return Files.exists(folder + "/queue")
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
    /// - Returns: a warning where that took longer than anybody should wait.
    /// - Throws: where the links cannot be read.
    public func awaitUdev(_ config: Config) throws(KernelError) -> [Diagnostic] {
        let udev = UdevQueue()
        guard udev.isHere else { return [] }
        let end = ContinuousClock.now + UdevQueue.longest
        while udev.isBringing(config, links: try links()) {
            guard ContinuousClock.now < end else {
                return [
                    Diagnostic(
                        .warning,
                        "udev has not brought and named every NIC of the file within "
                            + "\(UdevQueue.longest); what is here is configured")
                ]
            }
            usleep(20_000)
        }
        return []
    }
}
