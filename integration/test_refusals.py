"""What only the kernel can refuse: everything is undone, and its own words are told."""

from case import Case, file, main

# kind: (what the interface's body gets, the kernel's own word)
KINDS = {
    "a gateway that is a broadcast address": (
        'Routes = ( { Destination = "10.8.0.0/16"; Gateway = "10.20.%d.255"; Table = main; } );',
        "Nexthop has invalid gateway"),
    "a host-scope route with a gateway": (
        'Routes = ( { Destination = "10.8.0.0/16"; Gateway = "10.20.%d.1"; Scope = host; } );',
        "Route with host scope can not have a gateway"),
    "a source that is not there": (
        'Routes = ( { Destination = "10.8.%d.0/24"; PreferredSource = "10.99.0.9"; } );',
        "Invalid prefsrc address"),
    "an MTU above the device's maximum": ("MTU = 65535; // %d", "mtu greater than device maximum"),
    "a sysctl out of its range": (
        'Sysctl = { "ipv6.addr_gen_mode" = 9%d; };', "Invalid argument"),
}
# Each NIC on its own subnet, so that the positions are alike: (first, middle, last).
NICS = ("tap0", "tap1", "tap2")


class Refusals(Case):
    """tap devices stand for the NICs: veth has no maximum MTU below 65535."""

    ipv6 = False

    def setUp(self):
        super().setUp()
        for number, name in enumerate(NICS):
            self.host.run("ip", "tuntap", "add", "dev", name, "mode", "tap")
            self.host.ip(f"link set {name} address 00:16:3e:99:00:0{number}")

    def text(self, kind=None, position=None):
        bodies = []
        for number, name in enumerate(NICS):
            extra = KINDS[kind][0] % number if number == position else ""
            bodies.append(
                f'Name = {name}; Addresses = ( "10.20.{number}.5/24", "10.20.{number}.6/24" );\n'
                f'          Gateway = "10.20.{number}.1"; Table = {2000 + number};\n'
                f"          {extra}\n")
        return file(*bodies, more='Sysctl = { "net.ipv4.conf.all.log_martians" = 1; };')

    def refused(self, kind, position):
        text = self.text(kind, position)
        line = 1 + next(
            number for number, content in enumerate(text.splitlines())
            if content.strip().startswith(KINDS[kind][0].split(" ", 1)[0]))
        before = self.host.dump()
        result = self.apply(text, expect=None)
        self.assertSameDump(before, f"{kind} at {position}: the dumps differ\n{result.text}")
        self.assertIn(f"rtsetup.plist:{line}:", result.text)
        self.assertIn(result.code, (1, 65, 69), result.text)
        if result.code == 1:
            self.assertIn(KINDS[kind][1], result.text)
            self.assertIn("the kernel is as it was", result.text)
        return result.code

    def sweep(self):
        codes = {}
        for kind in KINDS:
            for position in range(3):
                with self.subTest(kind=kind, position=position):
                    codes.setdefault(kind, set()).add(self.refused(kind, position))
        reached = [kind for kind, found in codes.items() if found == {1}]
        self.assertGreaterEqual(len(reached), 3, f"too few kinds reached the kernel: {codes}")

    def test_on_a_fresh_host_nothing_is_left(self):
        self.sweep()

    def test_on_a_configured_host_everything_stays(self):
        self.apply(self.text())
        self.sweep()
        self.write(self.text())
        self.assertNothingToDo()

    def test_a_gateway_that_is_one_of_the_hosts_addresses_is_foreseen(self):
        text = self.text("a host-scope route with a gateway", 1).replace(
            '"10.20.1.1"; Scope = host;', '"10.20.1.6";')
        before = self.host.dump()
        self.assertIn("10.20.1.6", self.apply(text, expect=None).err)
        self.assertSameDump(before)

    def test_in_json_the_kernels_words_and_the_place_are_told(self):
        kind = "a host-scope route with a gateway"
        result = self.apply(self.text(kind, 1), "--format", "json", expect=1)
        error = result.json["error"]
        self.assertEqual(result.json["result"], "undone")
        self.assertEqual(error["errno"], "EINVAL")
        self.assertIn(KINDS[kind][1], error["message"])
        self.assertTrue(error["location"]["file"].endswith("rtsetup.plist"))
        self.assertIn("10.8.0.0/16", result.json["changes"][error["change"]]["text"])
        self.assertIn(KINDS[kind][1], result.err)

    def test_an_edit_that_is_refused_loses_none_of_the_old_objects(self):
        """Removals and changes are undone too, not only additions."""
        self.apply(self.text())
        before = self.host.dump()
        text = self.text("a source that is not there", 2)
        text = text.replace('"10.20.0.5/24", "10.20.0.6/24"', '"10.20.0.8/24"')
        text = text.replace("Table = 2001;", "Table = 2500; MTU = 1400;")
        self.apply(text, expect=1)
        self.assertSameDump(before)


if __name__ == "__main__":
    main()
