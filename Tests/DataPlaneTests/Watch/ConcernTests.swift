import Netlink
import Plist
import Testing

@testable import DataPlane

@Suite("Which events are worth a look") struct ConcernTests {
    private let concern: Concern

    init() throws {
        let text = """
            { Version = 1; Interfaces = ( { Name = eth1; Addresses = ( "10.0.0.20/24" );
              Gateway = "10.0.0.253"; Table = 1001;
              Routes = ( { Destination = "10.9.0.0/16"; Table = 77; Gateway = "10.0.0.1"; } ); } ); }
            """
        let config = try ConfigReader.read([.init(file: "main", text: text)]).config
        let kernel = KernelState(links: [Link(index: 1, name: "lo"), Link(index: 5, name: "eth1")])
        concern = Concern(DesiredState(config, kernel: kernel, memory: Memory()))
    }

    private func route(
        _ table: UInt32, _ mark: UInt8, via interface: InterfaceIndex? = 9,
        _ adjust: (inout KernelEvent) -> Void = { _ in }
    ) -> KernelEvent {
        var event = KernelEvent(.route)
        event.table = table
        event.protocol = RouteProtocol(rawValue: mark)
        event.interface = interface
        adjust(&event)
        return event
    }

    @Test("links, addresses, rules and settings always are") func always() {
        for subject in [KernelEvent.Subject.link, .address, .rule, .configuration] {
            #expect(concern.isConcerned(by: KernelEvent(subject)))
        }
    }

    @Test("routes of our tables are, and ours wherever they are") func tables() {
        #expect(concern.tables == [1001, 77])
        #expect(concern.isConcerned(by: route(1001, 4)))
        #expect(concern.isConcerned(by: route(77, 186)))
        #expect(concern.isConcerned(by: route(4711, 82)))
        #expect(!concern.isConcerned(by: route(4711, 4)))
    }

    @Test("routes of main are, where they leave through an ENI or could take our place")
    func main() {
        #expect(concern.isConcerned(by: route(RouteTable.main, 4, via: 5)))
        #expect(concern.isConcerned(by: route(RouteTable.main, 4, via: nil)))
        #expect(!concern.isConcerned(by: route(RouteTable.main, 4)))
        #expect(concern.isConcerned(by: route(RouteTable.main, 4) { $0.isDefaultRoute = true }))
        #expect(concern.isConcerned(by: route(RouteTable.main, 4) { $0.isReplacement = true }))
    }

    @Test("a routing daemon's routes of main are not, defaults and replacements apart")
    func daemons() {
        #expect(!concern.isConcerned(by: route(RouteTable.main, 186, via: 5)))
        #expect(concern.isConcerned(by: route(RouteTable.main, 186) { $0.isDefaultRoute = true }))
        #expect(concern.isConcerned(by: route(RouteTable.main, 186) { $0.isReplacement = true }))
    }

    @Test("who removes or replaces ours undoes; who adds does not") func undoing() {
        #expect(concern.isUndoing(route(1001, 82) { $0.isRemoval = true }))
        #expect(!concern.isUndoing(route(1001, 4) { $0.isRemoval = true }))
        #expect(concern.isUndoing(route(1001, 186) { $0.isReplacement = true }))
        #expect(!concern.isUndoing(route(1001, 186)))
        var link = KernelEvent(.link)
        (link.interface, link.isUp, link.group) = (5, true, 82)
        #expect(!concern.isUndoing(link))
        link.group = 0
        #expect(concern.isUndoing(link))
        (link.group, link.isUp) = (82, false)
        #expect(concern.isUndoing(link))
        link.interface = 9
        #expect(!concern.isUndoing(link))
        var address = KernelEvent(.address, isRemoval: true)
        address.address = IPAddress(family: .ipv4, bits: 0x0A00_0014)
        #expect(concern.isUndoing(address))
        address.address = IPAddress(family: .ipv4, bits: 0x0A00_0099)
        #expect(!concern.isUndoing(address))
    }
}
