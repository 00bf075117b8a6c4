import Netlink
import Testing

@testable import DataPlane

@Suite("Memory of links that come and go") struct MemoryFollowingTests {
    private let name = SysctlName.interface("eth1", "ipv4", "arp_ignore")
    private var memory = Memory()

    init() {
        func sysctl(_ value: String) -> KernelObject {
            .sysctl(SysctlSetting(name: name, value: value, interface: 5))
        }
        for setting in [
            RememberedSetting(first: sysctl("2"), ours: sysctl("1")),
            RememberedSetting(
                first: .link(LinkSetting(interface: 5, .group(0))),
                ours: .link(LinkSetting(interface: 5, .group(82)))),
        ] { memory.settings[setting.first.identity] = setting }
        memory.createdAddresses = [
            InterfaceAddress(
                interface: 5, address: IPAddress(family: .ipv4, bits: 0x0A00_0014),
                prefixLength: 24
            ).identity
        ]
    }

    @Test("a link that is there keeps everything") func same() {
        #expect(memory.following([Link(index: 5, name: "eth1")]) == memory)
    }

    @Test("a link that is gone takes it along, also where another has its name") func gone() {
        for links in [[], [Link(index: 9, name: "eth1")]] {
            let followed = memory.following(links)
            #expect(followed.settings.isEmpty)
            #expect(followed.createdAddresses.isEmpty)
        }
    }

    @Test("a renamed link has its sysctls under the new name") func renamed() throws {
        let followed = memory.following([
            Link(index: 5, name: "ens9"), Link(index: 9, name: "eth1"),
        ])
        #expect(followed.settings.count == 2)
        let moved = SysctlName.interface("ens9", "ipv4", "arp_ignore")
        let setting = try #require(followed.settings[.sysctl(moved)])
        #expect(setting.first == .sysctl(SysctlSetting(name: moved, value: "2", interface: 5)))
        #expect(followed.createdAddresses == memory.createdAddresses)
    }

    @Test("links that swap their names swap their sysctls") func swapped() throws {
        var memory = memory
        let other = SysctlName.interface("eth2", "ipv4", "arp_ignore")
        func setting(_ value: String) -> KernelObject {
            .sysctl(SysctlSetting(name: other, value: value, interface: 6))
        }
        memory.settings[.sysctl(other)] = RememberedSetting(first: setting("0"), ours: setting("1"))
        let followed = memory.following([
            Link(index: 5, name: "eth2"), Link(index: 6, name: "eth1"),
        ])
        #expect(followed.settings.count == 3)
        for (name, value, interface) in [(other, "2", 5), (name, "0", 6)] {
            let setting = try #require(followed.settings[.sysctl(name)])
            #expect(
                setting.first
                    == .sysctl(
                        SysctlSetting(
                            name: name, value: value, interface: InterfaceIndex(interface))))
        }
        #expect(
            followed.following([Link(index: 5, name: "eth1"), Link(index: 6, name: "eth2")])
                == memory)
    }

    @Test("one that takes the name of one that went has its own") func taken() throws {
        var memory = memory
        let other = SysctlName.interface("eth2", "ipv4", "arp_ignore")
        func setting(_ name: SysctlName) -> KernelObject {
            .sysctl(SysctlSetting(name: name, value: "0", interface: 6))
        }
        memory.settings[.sysctl(other)] = RememberedSetting(
            first: setting(other), ours: setting(other))
        let followed = memory.following([Link(index: 6, name: "eth1")])
        #expect(followed.settings.count == 1)
        #expect(followed.settings[.sysctl(name)]?.first == setting(name))
    }
}
