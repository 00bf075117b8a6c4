import DataPlane
import Testing

@testable import Netlink

@Suite("sysctls in link messages", .enabled(if: Namespace.isPermitted))
struct DeviceConfigurationTests {
    @Test("each says what its file says, also after it was changed") func files() async {
        await #expect(processExitsWith: .success) {
            let namespace = try Namespace()
            let files = SysctlFiles()
            func compare() throws {
                for (link, configuration) in try namespace.socket.interfaces() {
                    for (family, key) in DeviceConfiguration.keys {
                        let file = files.read(.interface(link.name, family, key))
                        let value = configuration.value(family, key).map(String.init)
                        #expect(value == file, "\(family) \(key) of \(link.name)")
                    }
                }
            }
            try compare()
            for (family, key) in DeviceConfiguration.keys {
                let name = SysctlName.interface("eth0", family, key)
                let old = try #require(files.read(name).flatMap { Int($0) })
                // A value that no other setting has, where the kernel takes it.
                let value = key == "mtu" ? 1300 : old == 1 ? 0 : 1
                try files.write("\(value)", to: name)
                try compare()
                try files.write("\(old)", to: name)
            }
        }
    }

    @Test("what the message does not say has no value") func unknown() async {
        await #expect(processExitsWith: .success) {
            for (_, configuration) in try Namespace().socket.interfaces() {
                #expect(configuration.value("ipv4", "no_such_thing") == nil)
                #expect(configuration.value("ipv5", "forwarding") == nil)
            }
        }
    }
}
