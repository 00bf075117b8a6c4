import Netlink
import Testing

@testable import DataPlane

/// A multi-ENI host as one may find it, and a file for it.
struct HostGenerator {
    var random: SeededGenerator
    var state = KernelState()
    var file = GeneratedFile(interfaces: [])

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        makeLinks(count: random.number(1...6))
        makePrimary()
        let secondaries = state.links.filter { $0.name.hasPrefix("eth") }.dropFirst()
        for (number, link) in secondaries.enumerated() { makeSecondary(link, number + 1) }
        makeOthers()
        makeForeignRules()
        makeQueues()
        makeRoutelessLeases()
    }

    /// Subnet 0 is the shared one.
    static func ipv4(_ subnet: Int, _ host: Int) -> IPAddress {
        IPAddress(family: .ipv4, bits: 0x0A00_0000 | UInt128(subnet) << 8 | UInt128(host))
    }

    static func ipv6(_ subnet: Int, _ host: Int) -> IPAddress {
        IPAddress(
            family: .ipv6, bits: 0x2001_0DB8 << 96 | UInt128(subnet) << 64 | UInt128(host))
    }

    private mutating func makeLinks(count: Int) {
        state.links = [Link(index: 1, name: "lo", mtu: 65536, flags: 0x9, hardwareType: 772)]
        // IFAPROT_KERNEL_LO
        state.addresses = [
            InterfaceAddress(
                interface: 1, address: IPAddress(family: .ipv4, bits: 0x7F00_0001), prefixLength: 8,
                scope: .host, flags: .permanent, protocol: 1),
            InterfaceAddress(
                interface: 1, address: IPAddress(family: .ipv6, bits: 1), prefixLength: 128,
                scope: .host, flags: .permanent, protocol: 1),
        ]
        for number in 0..<count {
            let mac = MACAddress(bits: 0x0016_3E12_E700 + UInt64(number))
            state.links.append(
                Link(
                    index: Int32(10 + number), name: "eth\(number)", mac: mac, kind: "veth"))
        }
        for family in AddressFamily.allCases {
            state.rules += [
                Rule(family: family, priority: 0, table: RouteTable.local, protocol: .kernel),
                Rule(family: family, priority: 32766, table: RouteTable.main, protocol: .kernel),
            ]
        }
        state.rules.append(
            Rule(family: .ipv4, priority: 32767, table: RouteTable.default, protocol: .kernel))
        let keys = [
            "ipv4": [
                "rp_filter", "arp_ignore", "arp_announce", "promote_secondaries", "forwarding",
                "accept_redirects",
            ],
            "ipv6": ["disable_ipv6", "mtu", "forwarding"],
        ]
        let promotes = random.pick("0", "1")
        let names = ["all", "default", "docker0", "cali0", "wg0"] + state.links.map(\.name)
        for name in names {
            for (family, keys) in keys {
                for key in keys {
                    let value =
                        key == "mtu" ? "1500" : key == "promote_secondaries" ? promotes : "0"
                    state.sysctls[.interface(name, family, key)] = value
                }
            }
        }
    }

    /// What the host does by itself: never refused, or the generator is wrong.
    private mutating func make(_ object: KernelObject) {
        do { try state.make(.add(object)) } catch {
            Issue.record("the generated host refuses \(object): \(error)")
        }
    }

    private mutating func bringUp(_ link: Link) {
        make(.link(LinkSetting(interface: link.index, .up(true))))
    }

    private mutating func makePrimary() {
        let link = state.links[1]
        var entry = GeneratedFile.Interface(name: link.name, number: 0, isPrimary: true)
        entry.isExternal = random.chance(60)
        let address = "\(Self.ipv4(0, 19))/24"
        let hasIPv6 = random.chance(50)
        if entry.isExternal || random.chance(70) {
            bringUp(link)
            lease(on: link, isDHCP: entry.isExternal, hasIPv6: hasIPv6)
        }
        if entry.isExternal {
            if random.chance(40) { entry.addresses.append("\(Self.ipv4(0, 119))/24") }
            if random.chance(30) { entry.failClosed = "NO" }
        } else {
            entry.addresses.append(address)
            if random.chance(40) { entry.addresses.append("\(Self.ipv4(0, 119))/24") }
            entry.gateways.append("\(Self.ipv4(0, 253))")
            if hasIPv6 {
                entry.addresses.append("\(Self.ipv6(0, 0x19))/64")
                entry.gateways.append("\(Self.ipv6(0, 0xff))")
            }
        }
        if random.chance(15) { entry.mainRoutes = "ignore" }
        if random.chance(30) { entry.ruleSource = random.pick("address", "auto") }
        file.interfaces.append(entry)
    }

    /// Address, default, an option-121 route and the metadata route, as a DHCP client or an
    /// installer leaves them.
    private mutating func lease(on link: Link, isDHCP: Bool, hasIPv6: Bool) {
        let maker = isDHCP ? RouteProtocol(rawValue: 16) : .boot
        let address = Self.ipv4(0, 19)
        make(
            .address(
                InterfaceAddress(interface: link.index, address: address, prefixLength: 24)))
        func route(_ destination: IPPrefix, via gateway: IPAddress?) -> KernelObject {
            .route(
                Route(
                    destination: destination,
                    scope: gateway == nil && destination.family == .ipv4 ? .link : .global,
                    protocol: maker,
                    preferredSource: isDHCP && destination.family == .ipv4 ? address : nil,
                    nextHops: [NextHop(interface: link.index, gateway: gateway)]))
        }
        make(route(.default(.ipv4), via: Self.ipv4(0, 253)))
        if random.chance(50) {
            make(route(IPPrefix(Self.ipv4(0x4D00, 0), length: 16), via: Self.ipv4(0, 254)))
        }
        if random.chance(50) {
            let metadata = IPAddress(family: .ipv4, bits: 0xA9FE_A9FE)
            make(route(.host(metadata), via: random.pick(nil, Self.ipv4(0, 254))))
        }
        guard hasIPv6 else { return }
        make(
            .address(
                InterfaceAddress(
                    interface: link.index, address: Self.ipv6(0, 0x19), prefixLength: 64)))
        make(route(.default(.ipv6), via: Self.ipv6(0, 0xff)))
    }

    private mutating func makeSecondary(_ link: Link, _ number: Int) {
        var entry = GeneratedFile.Interface(name: link.name, number: number)
        let isShared = random.chance(50)
        let subnet = isShared ? 0 : number
        for host in 0..<random.number(1...4) {
            entry.addresses.append("\(Self.ipv4(subnet, 20 + 10 * number + host))/24")
        }
        if random.chance(75) {
            entry.gateways.append("\(Self.ipv4(subnet, 253))")
        } else if random.chance(50) {
            entry.gateways.append("\(Self.ipv4(100 + number, 1))")
            entry.gatewayOnLink = true
        }
        if random.chance(40) {
            let subnet = random.chance(50) ? 0 : number
            for host in 0..<random.number(1...2) {
                entry.addresses.append("\(Self.ipv6(subnet, 0x20 + 0x10 * number + host))/64")
            }
            if random.chance(70) { entry.gateways.append("\(Self.ipv6(subnet, 0xff))") }
        }
        if random.chance(30) { entry.table = random.pick(1000 + number, 2000 + number) }
        if random.chance(20) { entry.routeMetric = random.pick("none", "\(5000 + number)") }
        if random.chance(15) { entry.mainRoutes = "ignore" }
        if random.chance(40) { entry.ruleSource = random.pick("address", "auto") }
        if random.chance(20) { entry.failClosed = random.pick("YES", "NO") }
        if random.chance(20) { entry.mtu = random.pick(1400, 9000) }
        if random.chance(30), !entry.gatewayOnLink {
            let gateway = Self.ipv4(subnet, 254)
            entry.routes.append(
                "{ Destination = \"10.8.\(number).0/24\"; Gateway = \"\(gateway)\"; }")
        }
        file.interfaces.append(entry)
        if random.chance(50) { bringUp(link) }
        if random.chance(20) {
            // Somebody's own address, in a subnet of its own.
            bringUp(link)
            make(
                .address(
                    InterfaceAddress(
                        interface: link.index, address: Self.ipv4(150 + number, 7),
                        prefixLength: 24)))
        }
    }

    /// An address that another tool has made without its subnet's route, and mostly that route.
    private mutating func makeRoutelessLeases() {
        for index in file.interfaces.indices where !file.interfaces[index].isPrimary {
            let entry = file.interfaces[index]
            guard random.chance(25), let link = state.link(named: entry.name),
                let first = entry.addresses.first.flatMap({ IPPrefix.parse($0)?.address })
            else { continue }
            bringUp(link)
            lease(near: first, on: link)
            let second = entry.addresses.compactMap { IPPrefix.parse($0)?.address }
                .first { $0.family == .ipv6 }
            if let second, random.chance(50) { lease(near: second, on: link) }
            if random.chance(60) { file.interfaces[index].isExternal = true }
        }
    }

    private mutating func lease(near other: IPAddress, on link: Link) {
        let isIPv4 = other.family == .ipv4
        var address = InterfaceAddress(
            interface: link.index,
            address: IPAddress(family: other.family, bits: other.bits + 100),
            prefixLength: isIPv4 ? 24 : 64, flags: .noPrefixRoute)
        // DHCPv6 beside an announced prefix.
        if !isIPv4, random.chance(50) { address.prefixLength = 128 }
        make(.address(address))
        guard random.chance(80) else { return }
        let isKernels = random.chance(50)
        var route = Route(
            destination: IPPrefix(other, length: isIPv4 ? 24 : 64), scope: isIPv4 ? .link : .global,
            protocol: isKernels ? .kernel : RouteProtocol(rawValue: 16),
            metric: isKernels && !isIPv4 ? 256 : UInt32(90 + link.index),
            nextHops: [NextHop(interface: link.index)])
        if isIPv4 { route.preferredSource = address.address }
        make(.route(route))
    }

    /// A container bridge, a pod inside an ENI's subnet, a tunnel.
    private mutating func makeOthers() {
        func link(_ index: Int32, _ name: String, _ kind: String, flags: UInt32 = 0) -> Link {
            Link(
                index: index, name: name, mac: flags == 0 ? MACAddress(bits: UInt64(index)) : nil,
                flags: flags, kind: kind)
        }
        if random.chance(50) {
            let bridge = link(50, "docker0", "bridge")
            state.links.append(bridge)
            bringUp(bridge)
            make(
                .address(
                    InterfaceAddress(
                        interface: 50, address: IPAddress(family: .ipv4, bits: 0xAC11_0001),
                        prefixLength: 16)))
        }
        if random.chance(40) {
            let pod = link(60, "cali0", "veth")
            state.links.append(pod)
            bringUp(pod)
            make(
                .route(
                    Route(
                        destination: .host(Self.ipv4(0, 200)), scope: .link, protocol: .boot,
                        nextHops: [NextHop(interface: 60)])))
        }
        if random.chance(40) {
            let tunnel = link(70, "wg0", "wireguard", flags: 0x10)
            state.links.append(tunnel)
            bringUp(tunnel)
            make(
                .address(
                    InterfaceAddress(
                        interface: 70, address: Self.ipv4(0xFA00, 1), prefixLength: 24)))
            make(
                .route(
                    Route(
                        destination: IPPrefix(Self.ipv4(0x6300, 0), length: 16), scope: .link,
                        protocol: .boot, nextHops: [NextHop(interface: 70)])))
        }
    }

    private mutating func makeForeignRules() {
        if random.chance(25) {
            make(
                .rule(
                    Rule(
                        family: .ipv4, priority: 5210, firewallMark: 0x80000,
                        firewallMask: 0xFF0000, table: RouteTable.main, protocol: .boot)))
        }
        if random.chance(25) {
            make(
                .rule(
                    Rule(
                        family: .ipv4, priority: 30000,
                        source: IPPrefix(Self.ipv4(0x3300, 0), length: 24), table: 77,
                        protocol: .boot)))
        }
    }
}
