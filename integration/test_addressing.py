"""Addresses, gateways and tables: what stays reachable while the file changes."""

import json
import re
import signal
import subprocess
import sys
import time

from case import ETH0, ETH1, ETH2, ETH3, FOUR, QUICK, Case, file, main
from vpc import INET4, PEERS, Capture


class Addressing(Case):
    ipv6 = False

    def local(self, name, family="-4"):
        return [a["local"] for link in self.host.show(f"{family} addr show dev {name} scope global")
                for a in link["addr_info"]]

    def tables(self, source):
        return [r["table"] for r in self.host.show("-4 rule show")
                if r.get("src") == source and "table" in r]

    def test_rules_follow_every_address_of_an_external_interface(self):
        self.vpc.grant("eth0", "10.0.0.44")
        self.apply(file(ETH0, ETH1))
        self.host.ip("addr add 10.0.0.44/24 dev eth0")
        with Capture(self.vpc) as capture:
            self.apply()
            self.assertLaw(capture, ["10.0.0.19", "10.0.0.44"])
        self.host.ip("addr del 10.0.0.44/24 dev eth0")
        self.apply()
        self.assertNotIn("10.0.0.44", json.dumps(self.host.show("-4 rule show")))

    def test_secondaries_stand_beside_an_external_primary(self):
        self.vpc.grant("eth0", "10.0.0.41", "10.0.0.42")
        self.apply(file(
            'Name = eth0; Primary = YES; Addressing = external; '
            'Addresses = ( "10.0.0.41/24", "10.0.0.42/24" );', ETH1))
        self.assertEqual(self.local("eth0"), ["10.0.0.19", "10.0.0.41", "10.0.0.42"])
        with Capture(self.vpc) as capture:
            self.assertLaw(capture, ["10.0.0.19", "10.0.0.41", "10.0.0.42", "10.0.0.20"])
        self.teardown()
        self.assertEqual(self.local("eth0"), ["10.0.0.19"])

    def test_a_lease_that_comes_back_behind_our_address_is_a_warning(self):
        self.apply(file(
            ETH0, 'Name = eth1; Addressing = external; Addresses = ( "10.0.0.30/24" );'))
        self.host.ip("link set eth1 up", "addr add 10.0.0.20/24 dev eth1")
        self.apply()
        self.host.ip("addr del 10.0.0.20/24 dev eth1", "addr add 10.0.0.20/24 dev eth1")
        self.assertEqual(self.local("eth1"), ["10.0.0.30", "10.0.0.20"])
        self.assertIn("10.0.0.30 came before 10.0.0.20", self.apply().err)

    def test_removing_the_primary_address_keeps_its_secondaries(self):
        self.vpc.grant("eth1", "10.0.0.31")
        before = 'Addresses = ( "10.0.0.20/24", "10.0.0.30/24", "10.0.0.31/24" );'
        body = ETH1.replace('Addresses = ( "10.0.0.20/24" );', before)
        self.apply(file(ETH0, body))
        self.apply(file(ETH0, body.replace('"10.0.0.20/24", ', "")))
        self.assertEqual(self.local("eth1"), ["10.0.0.30", "10.0.0.31"])
        with Capture(self.vpc) as capture:
            self.assertLaw(capture, ["10.0.0.30", "10.0.0.31"])
        self.assertNothingToDo()

    def test_a_first_address_that_comes_back_behind_the_others_is_a_warning(self):
        three = '"10.0.0.20/24", "10.0.0.30/24", "10.0.0.31/24"'
        self.vpc.grant("eth1", "10.0.0.30", "10.0.0.31")
        first = self.apply(file(ETH0, ETH1.replace('"10.0.0.20/24"', three)))
        self.assertNotIn("came before", first.err)
        self.host.ip("addr del 10.0.0.20/24 dev eth1")
        warning = "10.0.0.30 came before 10.0.0.20 on eth1"
        self.assertIn(warning, self.apply().err)
        self.assertEqual(self.local("eth1"), ["10.0.0.30", "10.0.0.31", "10.0.0.20"])
        with Capture(self.vpc) as capture:
            self.assertLaw(capture, ["10.0.0.20", "10.0.0.30", "10.0.0.31"])
        again = self.apply()
        self.assertIn("Nothing to do", again.out)
        self.assertIn(warning, again.err)
        self.host.ip("route add 10.9.0.0/16 via 10.0.0.253 dev eth1")
        cure = again.err.partition("source; ")[2].partition(", then apply")[0]
        self.host.ip(*(line.removeprefix("ip ") for line in cure.split("; ")))
        self.assertNotIn("came before", self.apply().err)
        self.assertEqual(self.local("eth1"), ["10.0.0.20", "10.0.0.30", "10.0.0.31"])
        self.assertIn("10.9.0.0/16", str(self.host.routes(table="main")))
        self.assertNothingToDo()

    def test_an_address_moves_from_one_nic_to_another(self):
        self.vpc.grant("eth2", "10.0.0.30")
        both = '"10.0.0.20/24", "10.0.0.30/24"'
        self.apply(file(ETH0, ETH1.replace('"10.0.0.20/24"', both), ETH2))
        both = '"10.0.0.21/24", "10.0.0.30/24"'
        self.apply(file(ETH0, ETH1, ETH2.replace('"10.0.0.21/24"', both)))
        self.assertEqual((self.local("eth1"), self.local("eth2")),
                         (["10.0.0.20"], ["10.0.0.21", "10.0.0.30"]))
        with Capture(self.vpc) as capture:
            probe = self.vpc.probe("10.0.0.30", INET4)
            self.assertEqual(capture.ports(probe), {"port2"})
        self.assertNothingToDo()

    def test_an_address_moves_from_a_nic_that_is_let_go_of(self):
        body = 'Addresses = ( "10.0.1.28/24" ); Gateway = "10.0.1.253";'
        self.apply(file(ETH0, "Name = eth1;", f"Name = eth3; {body}"))
        result = self.apply(file(ETH0, f"Name = eth1; {body}", "Name = eth3; Managed = NO;"))
        self.assertNotIn("Managed = NO", result.err)
        self.assertEqual((self.local("eth1"), self.local("eth3")), (["10.0.1.28"], []))
        self.assertNothingToDo()

    def test_another_prefix_length_of_an_address_that_is_there(self):
        self.apply(file(ETH0, ETH1))
        self.apply(file(ETH0, ETH1.replace("10.0.0.20/24", "10.0.0.20/25")
                        + ' GatewayOnLink = YES;'))
        self.assertEqual([a["prefixlen"] for link in self.host.show("-4 addr show dev eth1")
                          for a in link["addr_info"]], [25])
        self.assertTrue(self.vpc.probe("10.0.0.20", INET4).answered)
        self.assertNothingToDo()

    def test_a_table_leads_over_another_link(self):
        self.host.ip("link add docker0 type bridge", "addr add 172.17.0.1/16 dev docker0",
                     "link set docker0 up")
        before = self.host.dump()
        self.apply(file(ETH0, ETH1 + ' MainRoutes = ignore; Routes = ( { Destination = "172.17.0.0/16"; '
                                     'NextHops = ( { Interface = docker0; } ); } );'))
        route, = self.host.show("route get 172.17.0.5 from 10.0.0.20")
        self.assertEqual(route["dev"], "docker0")
        self.assertNothingToDo()
        self.teardown()
        self.assertSameDump(before)

    def test_an_address_and_a_route_over_it_come_together(self):
        self.apply(file(ETH0, ETH1))
        for address, destination, gateway in (("10.0.5.20/24", "10.8.0.0/16", "10.0.5.254"),
                                              ("2001:db8:5::20/64", "2001:db8:8::/48", "2001:db8:5::ff")):
            with self.subTest(address):
                more = ETH1.replace('"10.0.0.20/24"', f'"10.0.0.20/24", "{address}"')
                self.apply(file(ETH0, more + f' Routes = ( {{ Destination = "{destination}"; '
                                             f'Gateway = "{gateway}"; Table = 777; }} );'))
                self.assertNothingToDo()

    def test_an_address_that_leaves_becomes_the_gateway(self):
        eth1 = 'Name = eth1; Table = 1001; Addresses = ( "2001:db8:0:1::20/64"%s ); Gateway = "%s";'
        self.apply(file(ETH0, eth1 % (', "2001:db8:0:1::fe/64"', "2001:db8:0:1::ff")))
        self.apply(file(ETH0, eth1 % ("", "2001:db8:0:1::fe")))
        self.assertNothingToDo()

    def test_a_gateway_off_the_subnet(self):
        self.vpc.grant("eth1", "10.104.13.59")
        self.vpc.cloud.ip("addr add 10.15.1.1/32 dev br-a", "route add 10.104.0.0/18 dev br-a")
        body = ('Name = eth1; Addresses = ( "10.104.13.59/18" ); Gateway = "10.15.1.1"; '
                "Table = 1001;")
        self.rtsetup("validate", self.write(file(ETH0, body), "without.plist"), expect=65)
        self.apply(file(ETH0, body + " GatewayOnLink = YES;"))
        with Capture(self.vpc) as capture:
            probe = self.vpc.probe("10.104.13.59", INET4)
            self.assertTrue(probe.answered)
            self.assertEqual(capture.ports(probe), {"port1"})
        self.assertNothingToDo()

    def test_a_link_held_down_has_nothing_else(self):
        self.apply(file(ETH0, ETH1))
        self.apply(file(ETH0, ETH1 + " ActivationPolicy = down;"))
        self.assertFalse(self.host.links()["eth1"]["up"])
        self.assertEqual(self.local("eth1"), [])
        self.assertNothingToDo()

    def test_a_link_that_is_manual_from_now_on_stays_as_it_is(self):
        """Nor is it forgotten who brought it up: teardown puts it back."""
        before = self.host.dump()
        manual = file(ETH0, ETH1 + " ActivationPolicy = manual;")
        self.apply(file(ETH0, ETH1))
        self.apply(manual)
        self.assertTrue(self.host.links()["eth1"]["up"])
        self.assertNothingToDo()
        self.teardown()
        self.assertSameDump(before)

    def test_the_largest_table_has_the_largest_metric(self):
        self.apply(file(ETH0, 'Name = eth1; Addresses = ( "2001:db8:0:1::20/64" ); '
                              'Gateway = "2001:db8:0:1::ff"; Table = 4294967295;'))
        metrics = [route["metric"] for route in
                   self.host.show("-6 route show table main default dev eth1")]
        self.assertEqual(metrics, [0xFFFF_FFFF])

    def test_an_absent_optional_interface_is_a_warning_and_a_required_one_an_error(self):
        absent = ETH1.replace("eth1", "eth9")
        result = self.plan(file(ETH0, absent))
        self.assertIn("eth9", result.warnings())
        self.apply()
        before = self.host.dump()
        self.apply(file(ETH0, absent + " Required = YES;", ETH2), expect=69)
        self.assertSameDump(before)

    def test_an_interface_is_found_by_its_mac_whatever_its_name(self):
        self.host.ip("link set eth1 name ens7")
        body = ETH1.replace("Name = eth1;", f'MACAddress = "{self.vpc.nics["eth1"].mac}";')
        self.apply(file(ETH0, body))
        self.assertEqual(self.local("ens7"), ["10.0.0.20"])
        result = self.plan(file(ETH0, "Name = eth2; " + body))
        self.assertIn("ens7", result.warnings())

    def test_drop_ins_are_merged(self):
        self.write(file(ETH0, ETH1))
        folder = "rtsetup.d"
        self.write('{ Version = 1; Interfaces = ( { Name = eth1; Addresses = ( "10.0.0.30/24" ); '
                   "RouteMetric = 1500; } ); }", f"{folder}/10-more.plist")
        self.apply()
        self.assertEqual(self.local("eth1"), ["10.0.0.20", "10.0.0.30"])
        self.assertEqual(
            self.host.show("-4 route show table main default dev eth1")[0]["metric"], 1500)

    def test_tables_are_remembered_by_mac_and_never_renumbered(self):
        third = ETH3.replace("Table = 1003;", "")
        self.apply(file(ETH0, third))
        table = self.tables("10.0.1.0")
        self.assertEqual(len(table), 1)
        self.apply(file(ETH0, ETH1.replace("Table = 1001;", ""),
                        ETH2.replace("Table = 1002;", ""), third))
        self.assertEqual(self.tables("10.0.1.0"), table)
        self.assertNothingToDo()


class Load(Case):
    ipv6 = False

    def test_two_enis_swap_their_tables_under_load(self):
        swapped = file(ETH0, ETH1.replace("1001", "1002"), ETH2.replace("1002", "1001"))
        self.apply(file(ETH0, ETH1, ETH2))
        with Capture(self.vpc) as capture:
            pings = [Pings(self.host, source) for source in ("10.0.0.19", "10.0.0.20", "10.0.0.21")]
            for text in (swapped, file(ETH0, ETH1, ETH2), swapped):
                time.sleep(0.3)
                self.apply(text)
            for ping in pings:
                self.assertEqual(ping.end(), 0, ping.text)
            self.assertEqual(capture.violations(), [])
        self.assertEqual(self.vpc.spoofed(), 0)

    def test_an_addition_loses_no_packet_of_the_others(self):
        self.apply(file(ETH0, ETH1))
        pings = [Pings(self.host, source) for source in ("10.0.0.19", "10.0.0.20")]
        for text in (file(ETH0, ETH1, ETH2, ETH3), file(ETH0, ETH1), FOUR):
            time.sleep(0.2)
            self.apply(text)
        for ping in pings:
            self.assertEqual(ping.end(), 0, ping.text)

    def test_another_prefix_length_loses_no_packet(self):
        """The address is held as a /32 while the kernel has neither the old nor the new one."""
        body = ETH1 + " GatewayOnLink = YES;"
        self.apply(file(ETH0, body))
        ping = Pings(self.host, "10.0.0.20")
        for length in (25, 24, 26):
            time.sleep(0.2)
            self.apply(file(ETH0, body.replace("10.0.0.20/24", f"10.0.0.20/{length}")))
        self.assertEqual(ping.end(), 0, ping.text)
        self.assertNothingToDo()

    def test_the_primary_loses_no_packet_through_apply_and_teardown(self):
        ping = Pings(self.host, "10.0.0.19")
        for _ in range(3):
            self.apply(FOUR)
            self.teardown()
        self.assertEqual(ping.end(), 0, ping.text)


    def test_no_packet_goes_astray_in_any_state_in_between(self):
        """As fast as a process can send: the cloud counts what comes out of the wrong NIC."""
        a, b = PEERS["a"][0], PEERS["b"][0]
        target = {"10.0.0.19": b, "10.0.0.20": b, "10.0.1.20": a}
        self.apply(FOUR)
        floods = [Flood(self.host, source, target[source]) for source in target]
        for text in (file(ETH0, ETH1, ETH2, ETH3), FOUR) * (2 if QUICK else 6):
            self.apply(text)
        for flood in floods:
            flood.end(self)
        self.assertEqual(self.vpc.spoofed(), 0)

        floods = [Flood(self.host, "10.0.0.19", target["10.0.0.19"])]
        for _ in range(2 if QUICK else 8):
            self.apply(FOUR)
            self.teardown()
        for flood in floods:
            flood.end(self)
        self.assertEqual(self.vpc.spoofed(), 0)


class Paths(Case):
    """No address loses a path that it had and that the file does not take away."""

    def paths(self, sources):
        found = {}
        for source in sources:
            version = 6 if source and ":" in source else 4
            for name, destination in self.vpc.destinations(version).items():
                found[source, name] = self.vpc.probe(source, destination, timeout=0.5).answered
        return found

    def assertPathsKept(self, text, sources=("10.0.0.19", "2001:db8:0:1::19", None)):
        before = self.paths(sources)
        self.assertTrue(any(before.values()))
        for step in (lambda: self.apply(text), self.apply, self.teardown):
            step()
            after = self.paths(sources)
            self.assertEqual([path for path in before if before[path] and not after[path]], [])

    def test_a_primary_with_both_families(self):
        self.assertPathsKept(FOUR)

    def test_a_primary_without_a_gateway_of_its_own_goes_on_using_main(self):
        self.host.ip("route del default", "-6 route del default")
        self.host.ip(f"route add 198.51.100.0/24 via {PEERS['a'][0]} dev eth0")
        self.vpc.peers["a"].sysctl("net.ipv4.ip_forward", 1)
        self.vpc.peers["a"].sysctl("net.ipv4.conf.all.send_redirects", 0)
        self.assertPathsKept(file(ETH0, ETH1))
        self.apply(file(ETH0, ETH1))
        self.assertEqual(
            [r for r in self.host.show("-4 rule show") if r.get("src") == "10.0.0.19"], [])

    def test_a_primary_in_the_file_as_static(self):
        self.assertPathsKept(file(
            'Name = eth0; Primary = YES; Addresses = ( "10.0.0.19/24", "2001:db8:0:1::19/64" ); '
            'Gateway = ( "10.0.0.253", "2001:db8:0:1::ff" );', ETH1))

    def test_addresses_of_a_secondary_that_were_there_by_hand(self):
        self.vpc.host.ip(
            "link set eth3 up", "addr add 10.0.1.20/24 dev eth3", "addr add 10.0.1.25/24 dev eth3",
            "route add default via 10.0.1.253 dev eth3 table 77",
            "rule add from 10.0.1.20 lookup 77 priority 30000",
            "rule add from 10.0.1.25 lookup 77 priority 30000")
        self.assertPathsKept(file(ETH0, ETH3), ("10.0.0.19", "10.0.1.20", "10.0.1.25", None))

    def test_a_host_whose_interfaces_have_other_default_metrics(self):
        self.host.ip("route del default", "route add default via 10.0.0.253 dev eth0 metric 100")
        self.assertPathsKept(FOUR)


class Pings:
    """200 pings a second from one address to the internet, until `end`."""

    def __init__(self, space, source):
        self.text = ""
        self._child = space.start(
            "ping", "-i", "0.005", "-W", "2", "-I", source, INET4,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def end(self):
        """How many were lost: sequence numbers that have a later one, but no answer."""
        self._child.send_signal(signal.SIGINT)
        self.text, _ = self._child.communicate(timeout=10)
        answered = {int(n) for n in re.findall(r"icmp_seq=(\d+) ttl", self.text)}
        if not answered:
            return -1
        return max(answered) - len(answered)


class Flood:
    """UDP from one address, bound and unconnected, until `end`."""

    _SENDER = """
import socket, sys
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.bind((sys.argv[1], 0))
sent = 0
try:
    while True:
        try:
            sent += out.sendto(b"12345678", (sys.argv[2], 7777)) > 0
        except OSError:
            pass
except KeyboardInterrupt:
    print(sent)
"""

    def __init__(self, space, source, destination):
        self._child = space.start(
            sys.executable, "-c", self._SENDER, source, destination,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        time.sleep(0.3)

    def end(self, case):
        self._child.send_signal(signal.SIGINT)
        out, _ = self._child.communicate(timeout=10)
        case.assertGreater(int(out), 1000)


if __name__ == "__main__":
    main()
