"""`import`: hosts that were configured by hand, or by other tools' files, go on as they are."""

import re
import subprocess
import time

from case import GUIDE, Case, main
from vpc import INET4, INET6, PEERS, Capture, Tunnel

# What the guide has people type (Alibaba Cloud ECS, three NICs on one subnet).
BY_HAND = (
    "link set eth1 up", "addr add 10.0.0.20/24 dev eth1",
    "-4 route add default via 10.0.0.253 dev eth1 metric 1001",
    "-4 route add default via 10.0.0.253 dev eth1 table 1001",
    "-4 rule add from 10.0.0.20 lookup 1001",
    "link set eth2 up", "addr add 10.0.0.21/24 dev eth2",
    "-4 route add default via 10.0.0.253 dev eth2 metric 1002",
    "-4 route add default via 10.0.0.253 dev eth2 table 1002",
    "-4 rule add from 10.0.0.21 lookup 1002",
)
# The same for another subnet, with secondaries and IPv6.
ANOTHER_SUBNET = (
    "link set eth3 up", "addr add 10.0.1.20/24 dev eth3", "addr add 10.0.1.21/24 dev eth3",
    "-6 addr add 2001:db8:0:2::20/64 dev eth3 nodad",
    "-4 route add default via 10.0.1.253 dev eth3 table 1003",
    "-6 route add default via 2001:db8:0:2::ff dev eth3 table 1003",
    "-4 rule add from 10.0.1.0/24 lookup 1003", "-6 rule add from 2001:db8:0:2::20 lookup 1003",
)


class Pings:
    """One ping a source, all the time; none may be lost."""

    def __init__(self, host, sources, interval="0.02"):
        self._children = [
            host.start("ping", "-i", interval, "-q", "-I", source,
                       INET6 if ":" in source else INET4,
                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            for source in sources]
        time.sleep(0.3)

    def lost(self):
        found = []
        for child in self._children:
            child.send_signal(2)
            out, _ = child.communicate(timeout=5)
            sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+)", out).groups())
            # The last one may be under way.
            found.append(max(0, sent - received - 1))
            if sent < 10:
                raise RuntimeError(f"only {sent} pings were sent: {out}")
        return found


class Kernel(Case):
    lines = BY_HAND

    def deliver(self):
        super().deliver()
        self.host.ip(*self.lines)
        self.host.settle()

    def imported(self):
        text = self.rtsetup("import", "--kernel").out
        self.assertIn(": valid", self.rtsetup("validate", self.write(text)).out)
        return text

    def removals(self, text):
        return re.findall(r"^\s*//\s+(ip (?:-6 )?rule del .*)$", text, re.M)

    def assertTakenOver(self, sources):
        """Nothing of theirs goes, no path moves, and a second apply has nothing to do."""
        text = self.imported()
        self.assertNotIn("plan refuses", text)
        plan = self.plan().json
        self.assertEqual([c for c in plan["changes"] if c["action"] == "remove"], [])
        pings = Pings(self.host, sources)
        with Capture(self.vpc) as capture:
            self.apply(None, "--adopt")
            self.assertEqual(pings.lost(), [0] * len(sources))
            self.assertEqual(
                [v for v in capture.violations() if not v.startswith("arp")], [])
        self.assertNothingToDo()
        return text

    def assertRulesGo(self, text, count):
        """Their rules are listed with the commands that delete them; then only ours are left."""
        commands = self.removals(text)
        self.assertEqual(len(commands), count)
        for command in commands:
            self.host.run("sh", "-c", command)
        for family in ("-4", "-6"):
            left = {r["priority"] for r in self.host.show(f"{family} rule show")}
            self.assertLessEqual(left, {0, 20000, 20001, 25001, 32766, 32767})
        self.assertNothingToDo()


class Guide(Kernel):
    def test_a_host_of_the_guide_is_taken_over_without_a_lost_packet(self):
        text = self.assertTakenOver(["10.0.0.19", "10.0.0.20", "10.0.0.21", "2001:db8:0:1::19"])
        self.assertRulesGo(text, 2)
        with Capture(self.vpc) as capture:
            self.assertLaw(capture, ["10.0.0.19", "10.0.0.20", "10.0.0.21", "2001:db8:0:1::19"])

    def test_without_adopt_what_is_there_satisfies(self):
        self.imported()
        before = self.host.routes("-4"), self.host.addresses()
        self.apply()
        after = self.host.routes("-4"), self.host.addresses()
        self.assertLessEqual(set(before[0]), set(after[0]))
        self.assertEqual(before[1], after[1])
        self.assertNothingToDo()

    def test_the_file_says_what_was_typed(self):
        text = self.imported()
        for words in ("Name = eth0;", "Primary = YES;", '"10.0.0.20/24"', "Table = 1001;",
                      "RouteMetric = 1002;", 'Gateway = "10.0.0.253";',
                      "ip rule del priority 32765 from 10.0.0.20 lookup 1001"):
            self.assertIn(words, text)
        # eth3 has no address: it is named, and left out.
        self.assertIn("// eth3 (00:16:3e:12:e7:03) has no address", text)

    def test_bridges_tunnels_ports_and_containers_are_no_enis(self):
        container = self.vpc.namespace("container")
        tunnel = Tunnel(self.host, "tun0")
        self.addCleanup(tunnel.close)
        self.host.ip("link add docker0 type bridge", "addr add 172.17.0.1/16 dev docker0",
                     "addr add 172.30.0.1/30 dev tun0", "link set docker0 up",
                     "link set tun0 up")
        self.vpc.link(container, "eth0", self.host, "veth0")
        self.vpc.link(container, "eth1", self.host, "cali0")
        self.host.ip("link set veth0 master docker0", "addr add 10.9.9.9/32 dev cali0",
                     "route add 10.9.9.10/32 dev cali0")
        text = self.assertTakenOver(["10.0.0.19", "10.0.0.20", "10.0.0.21"])
        for name in ("docker0", "tun0", "cali0", "veth0"):
            self.assertNotIn(f"Name = {name};", text)
        for name in ("docker0 (bridge)", "tun0", "cali0"):
            self.assertIn(f"// {name}", text)

    def test_rules_about_other_things_stay_and_those_of_an_enis_table_are_carried_over(self):
        self.host.ip("rule add fwmark 0x7 lookup 1001 priority 500",
                     "rule add fwmark 0x80000/0xff0000 lookup 52 priority 5210")
        text = self.assertTakenOver(["10.0.0.19", "10.0.0.20"])
        self.assertIn("{ Priority = 500; Family = ipv4; FirewallMark = 7; Table = 1001; }", text)
        self.assertIn("ip rule del priority 5210 from all fwmark 0x80000/0xff0000 lookup 52", text)
        self.assertNotIn("Table = 52", text)
        self.assertIn(5210, {r["priority"] for r in self.host.show("-4 rule show")})

    def test_operators_routes_are_in_main_and_in_the_table(self):
        self.host.ip(f"route add 203.0.113.0/24 via {PEERS['a'][0]} dev eth1",
                     f"route add 203.0.114.0/24 via {PEERS['a'][0]} dev eth2 table 1002")
        text = self.assertTakenOver(["10.0.0.20", "10.0.0.21"])
        self.assertIn("203.0.113.0/24", text)
        for line, table in (("203.0.113.0/24", "1001"), ("203.0.113.0/24", "main"),
                            ("203.0.114.0/24", "1002")):
            found = self.host.show(f"-4 route show table {table} {line}")
            self.assertEqual([r["gateway"] for r in found], [PEERS["a"][0]])

    def test_a_rule_that_is_already_ours_but_for_the_mark_is_not_to_be_deleted(self):
        self.host.ip("rule del from 10.0.0.20 lookup 1001",
                     "rule add from 10.0.0.20 lookup 1001 priority 20001")
        text = self.assertTakenOver(["10.0.0.20", "10.0.0.21"])
        self.assertRulesGo(text, 1)

    def test_a_route_by_several_nics_stays_mains_and_tells_their_gateways(self):
        self.host.ip("-6 addr add 2001:db8:0:1::20/64 dev eth1 nodad",
                     "-6 route append default via 2001:db8:0:1::ff dev eth1",
                     "route add 10.97.0.0/16 nexthop via 10.0.0.253 dev eth0 "
                     "nexthop via 10.0.0.253 dev eth1")
        self.assertTakenOver(["10.0.0.19", "10.0.0.20"])
        with Capture(self.vpc) as capture:
            self.assertLaw(capture, ["10.0.0.19", "10.0.0.20", "2001:db8:0:1::19",
                                     "2001:db8:0:1::20"])
        for table in ("1000", "1001"):
            self.assertEqual(self.host.show(f"-4 route show table {table} 10.97.0.0/16"), [])

    def test_a_group_that_every_eni_is_in_becomes_the_files(self):
        for name in ("eth0", "eth1", "eth2"):
            self.host.ip(f"link set {name} group 5")
        self.assertIn("LinkGroup = 5;", self.assertTakenOver(["10.0.0.20"]))

    def test_what_network_manager_has_configured_is_taken_over(self):
        """Its addresses have no connected route of their own; its routes have metrics."""
        self.host.ip(
            "link set eth3 up", "addr add 10.0.1.20/24 dev eth3 noprefixroute",
            "route add 10.0.1.0/24 dev eth3 proto kernel scope link src 10.0.1.20 metric 103",
            "route add default via 10.0.1.253 dev eth3 proto static metric 103",
            "route add default via 10.0.1.253 dev eth3 proto static table 1003 metric 103",
            "rule add from 10.0.1.20 lookup 1003 priority 30003 proto static")
        text = self.assertTakenOver(["10.0.0.19", "10.0.0.20", "10.0.1.20"])
        self.assertIn("RouteMetric = 103;", text)
        self.assertIn("ip rule del priority 30003 from 10.0.1.20 lookup 1003", text)

    def test_the_wishes_about_rp_filter_are_kept(self):
        self.host.sysctl("net.ipv4.conf.eth1.rp_filter", 0)
        text = self.imported()
        self.assertEqual(text.count("ReversePathFilter = off;"), 1)


class SeveralSubnets(Kernel):
    lines = BY_HAND + ANOTHER_SUBNET

    def test_secondaries_and_ipv6_of_another_subnet_are_taken_over(self):
        text = self.assertTakenOver(
            ["10.0.0.20", "10.0.1.20", "10.0.1.21", "2001:db8:0:2::20", "10.0.0.19"])
        self.assertRulesGo(text, 4)
        with Capture(self.vpc) as capture:
            self.assertLaw(capture, ["10.0.1.20", "10.0.1.21", "2001:db8:0:2::20"])


class Lease(Kernel):
    def deliver(self):
        self.host.ip(
            "link set eth0 up", "addr add 10.0.0.19/24 dev eth0 valid_lft 3600 preferred_lft 3600",
            "route add default via 10.0.0.253 dev eth0 proto dhcp src 10.0.0.19 metric 100",
            *self.lines)

    def test_a_leased_primary_stays_its_clients(self):
        text = self.assertTakenOver(["10.0.0.19", "10.0.0.20", "10.0.0.21"])
        primary = text[text.index("Name = eth0"):text.index("Name = eth1")]
        self.assertIn("Addressing = external;", primary)
        self.assertNotIn("10.0.0.19", primary)
        self.assertNotIn("Gateway", primary)
        default = self.host.show("-4 route show default dev eth0")
        self.assertEqual([(r["protocol"], r["metric"]) for r in default], [("dhcp", 100)])


class Ours(Case):
    def test_a_host_that_rtsetup_configured_is_read_back_as_the_same(self):
        self.apply(GUIDE)
        text = self.rtsetup("import", "--kernel").out
        self.assertNotIn("rule del", text)
        self.assertNotIn("Rules", text)
        self.apply(text)
        self.assertEqual(self.plan().json["changes"], [])
        for words in ("Table = 1001;", "RouteMetric = 1002;"):
            self.assertIn(words, text)


class Files(Case):
    """What other tools' files become is applied, and the law holds."""

    ipv6 = False
    FILES = {
        "ifcfg": {
            "ifcfg-eth0": "DEVICE=eth0\nBOOTPROTO=dhcp\nONBOOT=yes\n",
            "ifcfg-eth1": "DEVICE=eth1\nHWADDR=00:16:3E:12:E7:01\nIPADDR=10.0.0.20\n"
                          "NETMASK=255.255.255.0\nDEFROUTE=no\n",
            "ifcfg-eth1:0": "DEVICE=eth1:0\nIPADDR=10.0.0.30\nPREFIX=24\n",
            "route-eth1": "default via 10.0.0.253 dev eth1 table 1001\n"
                          "default via 10.0.0.253 dev eth1 metric 1001\n",
            "rule-eth1": "from 10.0.0.20 lookup 1001\nfrom 10.0.0.30 lookup 1001\n",
        },
        "interfaces": {
            "interfaces":
                "auto eth0 eth1\niface eth0 inet dhcp\niface eth1 inet static\n"
                " address 10.0.0.20/24\n up ip addr add 10.0.0.30/24 dev $IFACE\n"
                " up ip route add default via 10.0.0.253 dev eth1 table 1001 || true\n"
                " up ip route add default via 10.0.0.253 dev eth1 metric 1001\n"
                " up ip rule add from 10.0.0.20 lookup 1001\n",
        },
        "suse": {
            "ifcfg-eth0": "STARTMODE=auto\nBOOTPROTO=dhcp\n",
            "ifcfg-eth1": "STARTMODE=auto\nIPADDR='10.0.0.20/24'\nIPADDR_1='10.0.0.30'\n"
                          "PREFIXLEN_1=24\n",
            "ifroute-eth1": "default 10.0.0.253 - eth1 - table 1001\n"
                            "default 10.0.0.253 - eth1 - metric 1001\n",
        },
        "networkd": {
            "10-eth0.network": "[Match]\nName=eth0\n[Network]\nDHCP=ipv4\n[DHCPv4]\n"
                               "RouteMetric=10\n",
            "20-eth1.network": "[Match]\nPermanentMACAddress=00:16:3e:12:e7:01\n[Network]\n"
                               "Address=10.0.0.20/24\nAddress=10.0.0.30/24\n[Route]\n"
                               "Gateway=10.0.0.253\nTable=1001\n[Route]\nGateway=10.0.0.253\n"
                               "Metric=1001\n[RoutingPolicyRule]\nFrom=10.0.0.20\nTable=1001\n",
        },
    }

    def test_the_guides_files_become_the_guides_host(self):
        for form, files in self.FILES.items():
            with self.subTest(form=form):
                for name, text in files.items():
                    self.write(text, f"{form}/{name}")
                result = self.rtsetup("import", f"{self.vpc.folder}/{form}")
                self.apply(result.out)
                self.assertNothingToDo()
                with Capture(self.vpc) as capture:
                    self.assertLaw(capture, ["10.0.0.19", "10.0.0.20", "10.0.0.30"])
                default = self.host.show("-4 route show default dev eth1")
                self.assertEqual([r["metric"] for r in default], [1001])
                self.assertEqual(
                    [r["gateway"] for r in self.host.show("-4 route show default table 1001")],
                    ["10.0.0.253"])
                self.teardown()


class Nothing(Case):
    def deliver(self):
        pass

    def test_a_host_without_addresses_has_no_file(self):
        result = self.rtsetup("import", "--kernel", expect=65)
        self.assertEqual(result.out, "")
        self.assertIn("no file to write", result.err)
        self.assertIn("eth3 (00:16:3e:12:e7:03) has no address", result.err)


if __name__ == "__main__":
    main()
