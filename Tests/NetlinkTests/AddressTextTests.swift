import Netlink
import Testing

@Suite("addresses as text") struct AddressTextTests {
    @Test(
        "text in equals text out",
        arguments: [
            "0.0.0.0", "10.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "2001:db8::1:0:0:1",
            "1:2:3:4:5:6:7:8", "1:0:3:4:5:6:7:8", "::ffff:10.0.0.1", "2001:db8:0:1::20",
        ])
    func roundTrip(text: String) {
        #expect(IPAddress(text).map { "\($0)" } == text)
    }

    @Test(
        "other spellings of an IPv6 address are read",
        arguments: [
            ("2001:DB8::0001", "2001:db8::1"), ("0:0:0:0:0:0:0:0", "::"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
            ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ])
    func spellings(text: String, canonical: String) {
        #expect(IPAddress(text).map { "\($0)" } == canonical)
    }

    @Test(
        "what is not an address is refused",
        arguments: [
            "", " ", "10.0.0", "10.0.0.256", "10.0.0.01", "010.0.0.1", "10.0.0.1.", "10.0.0.1 ",
            "10.0.0.+1", "0x0a000001", "167772161", "10.0.0.1/24", "10.0.0.1\0", "10.0.0.1\0x",
            ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::",
            "fe80::1%eth0", "::1.2.3", "::1.2.3.256", "::01.2.3.4", "[::1]", "1:2:3:4:5:6:7:8::",
            "１.2.3.4", "eth0",
        ])
    func refused(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(
        "a prefix reads and writes itself",
        arguments: ["0.0.0.0/0", "10.0.0.0/24", "10.0.0.1/32", "::/0", "2001:db8::/32", "::1/128"])
    func prefixRoundTrip(text: String) {
        #expect(IPPrefix(text).map { "\($0)" } == text)
    }

    @Test(
        "what is not a prefix is refused",
        arguments: [
            "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/024", "10.0.0.0/+8", "10.0.0.0/-1", "/24",
            "10.0.0.0/8/8", "::/129", "::/256", "10.0.0.0/ 8", "10.0.0.0/٨", "10.0.0.1/24", "1::/3",
        ])
    func prefixRefused(text: String) {
        #expect(IPPrefix(text) == nil)
    }

    @Test("host bits are kept apart from the length") func hostBits() throws {
        let parsed = try #require(IPPrefix.parse("10.0.0.1/24"))
        #expect(parsed.address == IPAddress("10.0.0.1"))
        #expect(parsed.length == 24)
        #expect(IPPrefix("10.0.0.1") == IPPrefix("10.0.0.1/32"))
        #expect(IPPrefix.parse("::1", lengthRequired: true) == nil)
    }
}
