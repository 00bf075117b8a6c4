"""Connected routes beside addresses of other tools: which the kernel derives, and which it does not."""

from case import ETH0, ETH1, ETH2, Case, file, main
from namespace import differences
from vpc import INET4

NETWORK = "10.0.0.0/24"


def external(more="", name="eth1"):
    return f"Name = {name}; Addressing = external; {more}"


FLOATING = external('Addresses = ( { Address = "10.0.0.30/24"; Floating = YES; } );')
BESIDE = external('Addresses = ( "10.0.0.30/24" );')


class Connected(Case):
    ipv6 = False

    def setUp(self):
        super().setUp()
        self.vpc.grant("eth1", "10.0.0.30", "10.0.0.74")
        self.vpc.grant("eth2", "10.0.0.30")

    def lease(self, protocol="kernel", name="eth1", address="10.0.0.20", default=True):
        """As NetworkManager (kernel) and dhcpcd (dhcp) leave one: the subnet's route is theirs."""
        self.host.ip(
            f"link set {name} up", f"addr add {address}/24 dev {name} noprefixroute",
            f"route add {NETWORK} dev {name} proto {protocol} scope link src {address} metric 101")
        if default:
            self.host.ip(f"route add default via 10.0.0.253 dev {name} proto dhcp "
                         f"src {address} metric 101")
        self.host.settle()

    def assertApplied(self, text, *answering):
        self.apply(text)
        self.assertNothingToDo()
        for address in answering:
            self.assertTrue(self.vpc.probe(address, INET4).answered, address)


class Leases(Connected):
    def test_a_secondary_comes_and_goes_beside_a_lease_of_another_tool(self):
        for protocol in ("kernel", "dhcp"):
            with self.subTest(protocol=protocol):
                self.lease(protocol)
                before = self.host.dump()
                self.assertApplied(file(ETH0, BESIDE), "10.0.0.20", "10.0.0.30")
                self.assertApplied(file(ETH0, external()), "10.0.0.20")
                self.apply(file(ETH0, BESIDE))
                self.teardown()
                self.assertSameDump(before)
                self.host.ip("addr flush dev eth1", "link set eth1 down")

    def test_a_floating_address_leaves_a_lease_of_another_tool(self):
        self.lease()
        self.apply(file(ETH0, FLOATING, ETH2))
        self.rtsetup("rebind", "10.0.0.30", "--to", "eth2")
        self.assertEqual(self.vpc.probe("10.0.0.30", INET4).answered, True)
        self.assertNothingToDo()
        self.rtsetup("rebind", "10.0.0.30", "--release")
        self.assertNothingToDo()

    def test_a_static_address_behind_one_without_its_route(self):
        self.lease(default=False)
        body = ETH1.replace("10.0.0.20", "10.0.0.30")
        self.assertApplied(file(ETH0, body), "10.0.0.30")
        # The kernel makes none for a secondary: its gateway is on the link all the same.
        self.host.ip(f"route del {NETWORK} dev eth1 metric 101")
        self.assertApplied(file(ETH0, body), "10.0.0.30")
        self.host.ip(f"route add {NETWORK} dev eth1 proto kernel scope link src 10.0.0.20 metric 101")
        self.assertApplied(file(ETH0, body), "10.0.0.30")


class Undo(Connected):
    def test_undo_gives_back_a_connected_route_that_another_tool_has_made(self):
        self.apply(file(ETH0, ETH1))
        self.lease(address="10.0.0.74", default=False)
        self.apply()
        before = self.host.dump()
        # Its address becomes the primary one, and the kernel refuses the last change.
        self.apply(file(ETH0, external(), more='Sysctl = { "net.ipv4.ip_forward" = "x"; };'), expect=1)
        # Rules of one priority have no order.
        self.assertEqual([line for line in differences(before, self.host.dump())
                          if line != "rules4: another order"], [])


class IPv6(Connected):
    ipv6 = True
    PREFIX = "2001:db8:0:9::/64"

    def test_a_lost_route_comes_back_with_the_primary_of_its_subnet(self):
        both = 'Name = eth1; Addresses = ( "10.0.0.20/24", "10.0.0.30/24" );'
        self.apply(file(ETH0, both))
        self.host.ip("addr del 10.0.0.20/24 dev eth1")
        self.apply()
        before = self.host.dump()
        self.host.ip(f"route flush {NETWORK} dev eth1 table main")
        self.apply()
        self.assertIn("src 10.0.0.30", self.host.run("ip", "route", "show", NETWORK).stdout)
        self.assertSameDump(before)

    def test_the_copy_of_a_route_that_expires_does_not(self):
        self.apply(file(ETH0, 'Name = eth1; Addresses = ( "2001:db8:0:1::20/64" ); Table = 1001; '
                              'Gateway = "2001:db8:0:1::ff";'))
        self.host.ip(f"-6 route add {self.PREFIX} via 2001:db8:0:1::fe dev eth1 expires 600")
        self.apply()
        for table, expires in (("main", True), ("1001", False)):
            shown = self.host.run("ip", "-6", "route", "show", self.PREFIX, "table", table).stdout
            self.assertIn("2001:db8:0:1::fe", shown)
            self.assertEqual("expires" in shown, expires)

    def test_a_route_whose_source_leaves_stays_and_loses_it(self):
        eth1 = ('Name = eth1; Table = 1001; Gateway = "2001:db8:0:1::ff"; '
                'Addresses = ( "2001:db8:0:1::20/64"%s );')
        both, one = (file(ETH0, eth1 % more) for more in (', "2001:db8:0:1::30/64"', ""))
        self.apply(both)
        self.host.ip(f"-6 route add {self.PREFIX} via 2001:db8:0:1::fe dev eth1 "
                     "src 2001:db8:0:1::30",
                     f"-6 route add {self.PREFIX} via 2001:db8:0:1::fe dev eth1 "
                     "src 2001:db8:0:1::30 table 77")
        self.apply(both)
        before = self.host.dump()
        self.apply(one.replace("Version = 1;", 'Version = 1; Sysctl = { "net.ipv4.ip_forward" = "x"; };'),
                   expect=1)
        self.assertSameDump(before)
        self.write(one)
        self.assertIn("foreign, loses its source", self.rtsetup("plan").out)
        self.apply(one)
        for table in ("main", "77", "1001"):
            shown = self.host.run("ip", "-6", "route", "show", self.PREFIX, "table", table).stdout
            self.assertIn("via 2001:db8:0:1::fe", shown)
            self.assertNotIn("src", shown)
        self.assertNothingToDo()

    def test_each_nic_of_a_subnet_has_its_connected_route_put_back(self):
        bodies = [f'Name = eth{n}; Addresses = ( "2001:db8:0:1::2{n}/64" ); '
                  f'Gateway = "2001:db8:0:1::ff";' for n in (1, 2)]
        text = file(ETH0, *bodies)
        self.apply(text)
        before = self.host.dump()
        for names in (["eth1"], ["eth1", "eth2"]):
            for name in names:
                self.host.ip(f"-6 route flush table main dev {name} proto kernel",
                             f"-6 route flush table main dev {name}")
            self.host.ip(*(f"-6 route append fe80::/64 dev {name} proto kernel metric 256"
                           for name in names))
            self.assertIn("-6 route append", self.rtsetup("plan", "--format", "shell").out)
            broken = self.host.dump()
            refused = text.replace("Version = 1;", 'Version = 1; Sysctl = { "net.ipv4.ip_forward" = "x"; };')
            self.apply(refused, expect=1)
            self.assertSameDump(broken)
            self.apply(text)
            self.assertSameDump(before)
            self.assertNothingToDo()

    def comes_and_goes(self):
        self.host.settle()
        before = self.host.dump()
        body = external('Addresses = ( "2001:db8:0:9::150/64", "2001:db8:0:9::151/64" );')
        self.apply(file(ETH0, body))
        self.assertNothingToDo()
        self.apply(file(ETH0, external()))
        self.assertNothingToDo()
        self.apply(file(ETH0, body))
        self.teardown()
        self.assertSameDump(before)

    def test_a_route_of_another_tool_outlives_our_address(self):
        """NetworkManager's beside its address; a router's beside DHCPv6's, which expires."""
        for address, route in (("::10/64", "proto ra metric 101"), ("::20/128", "proto ra metric 256"),
                               ("::20/128", "proto kernel metric 256 expires 1800"),
                               ("::10/64", None)):
            with self.subTest(address=address, route=route):
                self.host.ip("link set eth1 up",
                             f"-6 addr add 2001:db8:0:9{address} dev eth1 nodad noprefixroute")
                if route:
                    self.host.ip(f"-6 route add {self.PREFIX} dev eth1 {route}")
                self.comes_and_goes()
                shown = str(self.host.show(f"-6 route show {self.PREFIX} dev eth1"))
                self.assertEqual("expires" in shown, "expires" in (route or ""), shown)
                self.host.ip("link set eth1 down")
                self.host.run("sysctl", "-qw", "net.ipv6.conf.eth1.disable_ipv6=1")
                self.host.run("sysctl", "-qw", "net.ipv6.conf.eth1.disable_ipv6=0")

    def test_our_address_brings_the_route_that_nobody_else_has_any_more(self):
        self.host.ip("link set eth1 up", f"-6 route add {self.PREFIX} dev eth1 proto ra metric 256")
        text = file(ETH0, external('Addresses = ( "2001:db8:0:9::150/64" );'))
        self.apply(text)
        self.host.ip(f"-6 route del {self.PREFIX} dev eth1 proto ra")
        self.apply(text)
        route, = self.host.show(f"-6 route show {self.PREFIX} dev eth1")
        self.assertEqual(route["protocol"], "kernel")
        self.assertNothingToDo()

    def test_a_route_of_ours_goes_though_a_later_address_keeps_it(self):
        self.host.ip("link set eth1 up")
        self.host.settle()
        before = self.host.dump()
        self.apply(file(ETH0, external('Addresses = ( "2001:db8:0:9::150/64" );')))
        self.host.ip("-6 addr add 2001:db8:0:9::10/64 dev eth1 nodad noprefixroute")
        self.apply(file(ETH0, external()))
        self.assertNothingToDo()
        self.assertEqual(self.host.show(f"-6 route show {self.PREFIX} dev eth1"), [])
        self.host.ip("-6 addr del 2001:db8:0:9::10/64 dev eth1")
        self.teardown()
        self.assertSameDump(before)


class Gateways(Connected):
    ipv6 = True

    def test_a_default_waits_for_the_lease_that_leads_to_its_gateway(self):
        self.host.ip("link set eth3 up", "addr add 10.0.1.88/32 dev eth3",
                     "-6 addr add 2001:db8:0:2::88/128 dev eth3 nodad")
        text = file(ETH0, ETH2, external(
            'Gateway = ( "10.0.1.253", "2001:db8:0:2::ff" ); Routes = '
            '( { Destination = "10.8.0.0/16"; Gateway = "10.0.1.254"; } );', "eth3"))
        result = self.apply(text)
        for gateway in ("10.0.1.253", "2001:db8:0:2::ff", "10.0.1.254"):
            self.assertIn(f"via {gateway} waits until eth3", result.err)
        self.assertTrue(self.vpc.probe("10.0.0.21", INET4).answered)
        self.assertNothingToDo()
        self.host.ip("addr add 10.0.1.20/24 dev eth3", "-6 addr add 2001:db8:0:2::20/64 dev eth3 nodad")
        self.assertNotIn("waits", self.apply().err)
        self.assertTrue(self.vpc.probe("10.0.1.20", INET4).answered)
        self.assertNothingToDo()


if __name__ == "__main__":
    main()
