"""IPv6 that goes away: with a sysctl or an MTU below 1280 the kernel takes every IPv6 address."""

from case import ETH0, Case, file, main

ETH1 = 'Name = eth1; Addresses = ( "10.0.0.20/24" ); Gateway = "10.0.0.253"; '
FOREIGN = "2001:db8:9::99"


class IPv6Off(Case):
    ipv6 = False

    def setUp(self):
        super().setUp()
        self.host.ip("link set dev eth1 up")
        self.host.ip(f"addr add {FOREIGN}/64 dev eth1 nodad")
        self.host.settle()

    def test_foreign_addresses_that_go_are_listed_and_get_no_rule(self):
        for setting in ("IPv6 = disabled;", "MTU = 1200;",
                        'Sysctl = { "ipv6.disable_ipv6" = 1; };'):
            with self.subTest(setting):
                result = self.apply(file(ETH0, ETH1 + setting))
                self.assertIn(f"{FOREIGN}/64 (foreign, goes with eth1)", result.out)
                self.assertNothingToDo()
                self.teardown()
                self.host.ip(f"addr replace {FOREIGN}/64 dev eth1 nodad")
                self.host.settle()

    def test_a_refusal_brings_them_back(self):
        before = self.host.dump()
        refused = 'IPv6 = disabled; Sysctl = { "ipv4.accept_local" = nonsense; };'
        self.apply(file(ETH0, ETH1 + refused), expect=1)
        self.assertSameDump(before)

    def test_a_default_route_that_goes_needs_force(self):
        self.host.ip("-6 route add default via 2001:db8:9::1 dev eth1 metric 4096")
        text = file(ETH0, ETH1 + "IPv6 = disabled;")
        self.assertIn("--force", self.apply(text, expect=69).err)
        self.apply(text, "--force")
        self.assertNothingToDo()

    def test_an_mtu_that_ipv6_can_use_comes_with_the_address(self):
        self.apply(file(ETH0, ETH1 + "MTU = 1200;"))
        both = ETH1.replace('"10.0.0.20/24"', '"10.0.0.20/24", "2001:db8:0:1::20/64"')
        self.apply(file(ETH0, both + "MTU = 1500;"))
        self.assertNothingToDo()

    def test_the_first_mtu_comes_back_before_the_address(self):
        both = ETH1.replace('"10.0.0.20/24"', '"10.0.0.20/24", "2001:db8:0:1::20/64"')
        for text in (ETH1 + "MTU = 1200;", both, ETH1 + "IPv6 = disabled;",
                     ETH1 + "MTU = 1200; IPv6 = disabled;", both + "IPv6 = enabled;"):
            with self.subTest(text):
                self.apply(file(ETH0, text))
                self.assertNothingToDo()
        self.teardown()
        self.assertEqual(self.host.links()["eth1"]["mtu"], 1500)
        self.assertEqual(self.host.sysctl("net.ipv6.conf.eth1.disable_ipv6"), "0")

    def test_an_mtu_of_others_that_is_too_small_is_told_with_its_cure(self):
        self.host.ip("link set dev eth1 mtu 1000")
        for more, cure in (("IPv6 = enabled;", "write MTU = 1280 or more"),
                           ('Sysctl = { "ipv6.accept_ra" = 0; };',
                            "first: ip link set dev eth1 mtu 1280")):
            with self.subTest(more):
                self.assertIn(cure, self.apply(file(ETH0, ETH1 + more), expect=69).err)

    def test_all_of_them_at_once_is_refused_where_the_file_wants_one(self):
        both = ETH1.replace('"10.0.0.20/24"', '"10.0.0.20/24", "2001:db8:0:1::20/64"')
        text = file(ETH0, both).rstrip().removesuffix("}")
        text += ' Sysctl = { "net.ipv6.conf.all.disable_ipv6" = 1; }; }\n'
        self.assertIn("eth1 too", self.apply(text, expect=69).err)


if __name__ == "__main__":
    main()
