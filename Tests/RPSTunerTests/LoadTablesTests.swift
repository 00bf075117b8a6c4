import Testing

@testable import RPSTuner

@Suite struct LoadTablesTests {
    /// Linux 6.1, 4 CPUs, CPU 2 offline.
    private let softnet = """
        00006087 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 \
        00000000 00000000 00000000
        00001a9c 00000002 0000000b 00000000 00000000 00000000 00000000 00000000 00000000 000001cc \
        00000000 00000000 00000001
        000017f0 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 000001b2 \
        00000000 00000000 00000003

        """

    @Test("softnet_stat is read by its 13th column")
    func softnetRows() {
        let table = SoftnetCounters.table(softnet, online: [0, 1, 3])
        #expect(table.keys.sorted() == [0, 1, 3])
        #expect(table[0]?.processed == 24711)
        #expect(table[1]?.dropped == 2)
        #expect(table[1]?.squeezed == 11)
        #expect(table[3]?.ipis == 434)
    }

    @Test("rows without a 13th column are those of the online CPUs, in order")
    func oldSoftnetRows() {
        // Linux 4.18 has 11 columns.
        let text = """
            00000010 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 \
            00000001 00000000
            00000020 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 \
            00000002 00000000
            """
        let table = SoftnetCounters.table(text, online: [2, 5])
        #expect(table.mapValues(\.processed) == [2: 16, 5: 32])
        #expect(table.mapValues(\.ipis) == [2: 1, 5: 2])
    }

    @Test(
        "what is no row of softnet_stat is left out",
        arguments: [
            "", "\n\n", "1 2 3", "zz " + String(repeating: "0 ", count: 12),
            String(repeating: "123456789 ", count: 13), String(repeating: "0 ", count: 12) + "-1",
            String(repeating: "0 ", count: 12) + "ffffffff", "\u{0}\u{FF}",
        ])
    func hostileSoftnet(text: String) {
        #expect(SoftnetCounters.table(text, online: [0]).isEmpty)
    }

    @Test("the NET_RX line of softirqs is read by the header's CPUs")
    func softirqs() {
        let text = """
                                CPU0       CPU1       CPU5
                      HI:          1          0          2
                  NET_TX:          7          0          0
                  NET_RX:      25663         12 4294967295
                   BLOCK:          0          0          0
            """
        #expect(LoadTable.receiveRounds(text) == [0: 25663, 1: 12, 5: .max])
    }

    @Test(
        "softirqs that make no sense give nothing",
        arguments: ["", "CPU0 CPU1", "NET_RX: 1 2", "CPUx CPUy\nNET_RX: 1 2", "CPU0\nNET_RX: -3"])
    func hostileSoftirqs(text: String) { #expect(LoadTable.receiveRounds(text).isEmpty) }

    @Test(
        "interrupts under a header that names no CPU have no counts",
        arguments: ["\n", "IRQ\n", "CPUx CPUy\n", "   \n"])
    func hostileInterrupts(header: String) {
        let table = InterruptTable(text: header + " 25: 7 9 eth0-TxRx-0\n 26:\n: 1 2\n")
        #expect(table.lines.allSatisfy { $0.counts.isEmpty })
    }

    @Test("net/dev tells the packets of each interface, also of one with a colon in its name")
    func netDev() {
        let text = """
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs
                lo:     100       2    0    0    0     0          0         0      100       2    0
              eth0: 1538922   25662    0    0    0     0          0         0     4266      61    0
            a:b:c:       1 18446744073709551615    0    0    0     0        0         0        0
              odd:
            """
        #expect(
            LoadTable.receivedPackets(text) == ["lo": 2, "eth0": 25662, "a:b:c": UInt64.max])
    }
}
