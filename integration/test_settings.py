"""Settings that hang together: what one of them does to others while files change."""

from case import ETH0, ETH1, ETH2, Case, file, main

ALL_PROMOTE = "net.ipv4.conf.all.promote_secondaries"


class Settings(Case):
    def setUp(self):
        super().setUp()
        self.host.ip("link set eth1 up")
        self.host.settle()
        self.before = self.host.dump()

    def assertGivenBack(self):
        self.assertNothingToDo()
        self.teardown()
        self.assertSameDump(self.before)

    def test_promotion_on_every_interface_at_once(self):
        self.apply(file(ETH0, ETH1, more=f'Sysctl = {{ "{ALL_PROMOTE}" = 1; }};'))
        self.assertEqual(self.host.sysctl(ALL_PROMOTE), "1")
        self.assertNothingToDo()
        self.apply(file(ETH0, ETH1))
        self.assertEqual(self.host.sysctl(ALL_PROMOTE), "0")
        self.assertEqual(self.host.sysctl(ALL_PROMOTE.replace("all", "eth1")), "1")
        self.assertGivenBack()

    def test_forwarding_under_its_other_name_and_then_on_one_interface(self):
        self.apply(file(ETH0, ETH1, more='Sysctl = { "net.ipv4.ip_forward" = 1; };'))
        self.apply(file(ETH0, ETH1, more='Sysctl = { "net.ipv4.conf.all.forwarding" = 1; };'))
        self.assertNothingToDo()
        self.apply(file(ETH0, ETH1, more='Sysctl = { "net.ipv4.conf.eth0.forwarding" = 1; };'))
        self.assertEqual(self.host.sysctl("net.ipv4.ip_forward"), "0")
        self.assertEqual(self.host.sysctl("net.ipv4.conf.eth0.forwarding"), "1")
        self.assertEqual(self.host.sysctl("net.ipv4.conf.eth1.forwarding"), "0")
        self.assertGivenBack()

    def test_ipv6_forwarding_on_one_interface_outlives_that_on_all(self):
        one = '"net.ipv6.conf.eth0.forwarding" = 1;'
        both = f'Sysctl = {{ {one} "net.ipv6.conf.all.forwarding" = 1; }};'
        self.apply(file(ETH0, ETH1, more=both))
        self.apply(file(ETH0, ETH1, more=f"Sysctl = {{ {one} }};"))
        self.assertEqual(self.host.sysctl("net.ipv6.conf.all.forwarding"), "0")
        self.assertEqual(self.host.sysctl("net.ipv6.conf.eth0.forwarding"), "1")
        self.assertGivenBack()

    def test_a_setting_that_leaves_when_its_default_comes(self):
        strict = ETH1 + " ReversePathFilter = strict;"
        first = self.host.sysctl("net.ipv4.conf.eth1.rp_filter")
        self.apply(file(ETH0, strict))
        self.assertEqual(self.host.sysctl("net.ipv4.conf.eth1.rp_filter"), "1")
        self.apply(file(ETH0, ETH1, more='Sysctl = { "net.ipv4.conf.default.rp_filter" = 2; };'))
        self.assertEqual(self.host.sysctl("net.ipv4.conf.eth1.rp_filter"), first)
        self.assertGivenBack()

    def test_one_that_was_empty_is_emptied_again(self):
        name = "net.ipv4.ip_local_reserved_ports"
        self.apply(file(ETH0, ETH1, more=f'Sysctl = {{ "{name}" = "8080,9090"; }};'))
        self.assertEqual(self.host.sysctl(name), "8080,9090")
        self.apply(file(ETH0, ETH1))
        self.assertEqual(self.host.sysctl(name), "")
        self.host.sysctl(name, "8080")
        self.apply(file(ETH0, ETH1, more=f'Sysctl = {{ "{name}" = ""; }};'))
        self.assertEqual(self.host.sysctl(name), "")
        self.teardown()
        self.assertEqual(self.host.sysctl(name), "8080")

    def test_what_the_top_level_names_no_default_of_a_key_sets(self):
        conf = "net.ipv4.conf.eth1"
        for key, value in (("arp_ignore", "0"), ("promote_secondaries", "0")):
            with self.subTest(key):
                self.apply(file(ETH0, ETH1, more=f'Sysctl = {{ "{conf}.{key}" = {value}; }};'))
                self.assertEqual(self.host.sysctl(f"{conf}.{key}"), value)
                self.assertGivenBack()

    def test_one_setting_by_two_names_of_its_interface(self):
        mac = f'MACAddress = "{self.vpc.nics["eth1"].mac}"'
        for body, name, needed in (
                ("ReversePathFilter = loose;", "net.ipv4.conf.eth1.rp_filter", "2"),
                ('Addresses = ( "2001:db8:0:1::20/64" );', "net.ipv6.conf.eth1.disable_ipv6", "0")):
            with self.subTest(name):
                self.write(file(ETH0, f"{mac}; {body}", more=f'Sysctl = {{ "{name}" = 1; }};'))
                self.assertIn(f"{name} = 1, but its interface needs {needed} (line 5)",
                              self.rtsetup("apply", expect=69).err)
                self.assertSameDump(self.before)

    def test_a_write_through_one_that_somebody_has_put_back(self):
        name = "net.ipv4.ip_forward"
        self.apply(file(ETH0, ETH1, more=f'Sysctl = {{ "{name}" = 1; }};'))
        self.host.sysctl(name, "0")
        self.host.sysctl("net.ipv4.conf.eth2.forwarding", "1")
        self.write(file(ETH0, ETH1))
        plan = self.rtsetup("plan", "--format", "json")
        self.assertEqual(plan.changes(), [])
        self.assertIn("net.ipv4.conf.eth2.forwarding 1 is not what rtsetup set", plan.warnings())
        self.apply()
        self.assertEqual(self.host.sysctl("net.ipv4.conf.eth2.forwarding"), "1")
        self.host.sysctl("net.ipv4.conf.eth2.forwarding", "0")
        self.assertGivenBack()

    def test_redirects_are_given_back_though_forwarding_was_put_back_by_hand(self):
        name, redirects = "net.ipv4.ip_forward", "net.ipv4.conf.all.accept_redirects"
        self.host.sysctl(redirects, "0")
        self.before = self.host.dump()
        self.apply(file(ETH0, ETH1, more=f'Sysctl = {{ "{name}" = 1; }};'))
        self.host.sysctl(name, "0")
        self.assertEqual(self.host.sysctl(redirects), "1")
        self.apply(file(ETH0, ETH1))
        self.assertEqual(self.host.sysctl(redirects), "0")
        self.assertGivenBack()

    def test_an_ipv6_mtu_that_leaves_with_the_links(self):
        small = 'Sysctl = { "ipv6.mtu" = 1280; };'
        self.apply(file(ETH0, "Name = eth1; MTU = 9000;"))
        self.apply(file(ETH0, f"Name = eth1; MTU = 9000; {small}"))
        self.assertEqual(self.host.sysctl("net.ipv6.conf.eth1.mtu"), "1280")
        self.assertGivenBack()

    def test_nics_that_swap_their_names_have_their_own_first_values(self):
        def swap():
            self.host.ip("link set eth1 down", "link set eth2 down", "link set eth1 name other",
                         "link set eth2 name eth1", "link set other name eth2",
                         "link set eth1 up", "link set eth2 up")
        self.host.ip("link set eth2 up")
        for name, value in (("eth1", "1"), ("eth2", "2")):
            self.host.sysctl(f"net.ipv4.conf.{name}.rp_filter", value)
        self.host.settle()
        self.before = self.host.dump()
        loose = 'ReversePathFilter = loose; Sysctl = { "ipv4.accept_local" = 1; };'
        bodies = [body.replace(f"Name = {name}", f'MACAddress = "{self.vpc.nics[name].mac}"') + loose
                  for name, body in (("eth1", ETH1), ("eth2", ETH2))]
        self.apply(file(ETH0, *bodies))
        swap()
        self.apply()
        self.assertNothingToDo()
        self.teardown()
        swap()
        self.host.settle()
        self.assertSameDump(self.before)

    def test_an_ipv6_mtu_follows_its_link_again(self):
        small = 'Sysctl = { "ipv6.mtu" = 1280; };'
        for mtu in (1300, 9000):
            with self.subTest(mtu):
                self.apply(file(ETH0, f"Name = eth1; {small}"))
                self.apply(file(ETH0, f"Name = eth1; MTU = {mtu};"))
                self.assertEqual(self.host.sysctl("net.ipv6.conf.eth1.mtu"), str(mtu))
                self.assertGivenBack()
        self.apply(file(ETH0, f"Name = eth1; {small}"))
        self.apply(file(ETH0, f"Name = eth1; MTU = 9000; {small}"))
        self.apply(file(ETH0, "Name = eth1; MTU = 9000;"))
        self.assertEqual(self.host.sysctl("net.ipv6.conf.eth1.mtu"), "9000")
        self.assertGivenBack()


if __name__ == "__main__":
    main()
