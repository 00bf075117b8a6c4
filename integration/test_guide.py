"""The guide's example: rules, tables and metrics, and the law with real packets."""

import socket

from case import ETH0, ETH1, ETH2, FOUR, GUIDE, Case, file, main
from vpc import B, INET4, PEERS, Capture, Tunnel


def rule_text(rule):
    """A rule of `ip -j rule show` in a few words."""
    words = [str(rule["priority"])]
    if rule.get("src", "all") != "all":
        length = f"/{rule['srclen']}" if "srclen" in rule else ""
        words.append(f"from {rule['src']}{length}")
    if "iif" in rule:
        words.append(f"iif {rule['iif']}")
    if "table" in rule:
        words.append(f"lookup {rule['table']}")
    if "suppress_prefixlen" in rule:
        words.append(f"suppress_prefixlength {rule['suppress_prefixlen']}")
    if "suppress_ifgroup" in rule:
        words.append(f"suppress_ifgroup {rule['suppress_ifgroup']}")
    if "action" in rule:
        words.append(rule["action"])
    return " ".join(words)


class Guide(Case):
    ipv6 = False

    def rules(self, family="-4"):
        return [rule_text(rule) for rule in self.host.show(f"{family} rule show")]

    def test_the_rules_are_those_of_the_contract(self):
        self.apply(GUIDE)
        self.assertEqual(self.rules(), [
            "0 lookup local",
            "20000 lookup main suppress_prefixlength 0 suppress_ifgroup 82",
            *sorted(["20001 from 10.0.0.19 lookup 1000", "20001 from 10.0.0.20 lookup 1001",
                     "20001 from 10.0.0.21 lookup 1002"],
                    key=lambda text: self.rules().index(text)),
            *sorted(["25001 from 10.0.0.20 unreachable", "25001 from 10.0.0.21 unreachable"],
                    key=lambda text: self.rules().index(text)),
            "32766 lookup main", "32767 lookup default"])

    def test_each_table_has_the_gateway_and_what_main_holds_through_its_interface(self):
        self.apply(GUIDE)
        for number, name in ((1000, "eth0"), (1001, "eth1"), (1002, "eth2")):
            routes = self.host.show(f"-4 route show table {number}")
            self.assertEqual(
                sorted((r["dst"], r.get("gateway"), r["dev"], r["protocol"]) for r in routes),
                [("10.0.0.0/24", None, name, "82"), ("default", "10.0.0.253", name, "82")])

    def test_the_defaults_in_main_have_the_guides_metrics(self):
        self.apply(GUIDE)
        routes = self.host.show("-4 route show table main default")
        self.assertEqual(
            [(r["gateway"], r["dev"], r.get("metric", 0)) for r in routes],
            [("10.0.0.253", "eth0", 0), ("10.0.0.253", "eth1", 1001), ("10.0.0.253", "eth2", 1002)])

    def test_main_keeps_the_primarys_connected_route_on_a_shared_subnet(self):
        self.apply(GUIDE)
        routes = self.host.show("-4 route show table main 10.0.0.0/24")
        self.assertEqual([(r["dev"], r.get("metric", 0)) for r in routes],
                         [("eth0", 0), ("eth1", 1001), ("eth2", 1002)])
        probe = self.vpc.probe(None, PEERS["a"][0])
        self.assertTrue(probe.answered)

    def test_managed_links_are_up_in_the_group_and_strict_about_arp(self):
        self.apply(GUIDE)
        links = self.host.links()
        for name in ("eth0", "eth1", "eth2"):
            self.assertTrue(links[name]["up"])
            self.assertEqual(links[name]["group"], "82")
            self.assertEqual(self.host.sysctl(f"net.ipv4.conf.{name}.arp_ignore"), "1")
            self.assertEqual(self.host.sysctl(f"net.ipv4.conf.{name}.arp_announce"), "2")
        self.assertFalse(links["eth3"]["up"])

    def test_addresses_carry_the_mark_and_the_foreign_one_does_not(self):
        self.apply(GUIDE)
        marks = self.host.marks()
        self.assertEqual((marks["eth1", "10.0.0.20"], marks["eth2", "10.0.0.21"]), (82, 82))
        self.assertEqual(marks["eth0", "10.0.0.19"], 0)


class Law(Case):
    """The law of the contract's section 2, judged by a capture on every port of the cloud."""

    def test_each_address_leaves_by_its_own_nic(self):
        self.apply(FOUR)
        marked = [a for nic in self.vpc.nics.values() for a in nic.addresses if a != "10.0.0.30"]
        with Capture(self.vpc) as capture:
            self.assertLaw(capture, marked)
            self.assertEqual(capture.violations(), [])
        self.assertEqual(self.vpc.spoofed(), 0)

    def test_a_tcp_connection_of_each_address_is_made_through_its_own_nic(self):
        self.apply(FOUR)
        with Capture(self.vpc) as capture, \
                self.vpc.inet.socket(socket.AF_INET, socket.SOCK_STREAM) as server:
            server.bind((INET4, 80))
            server.listen(64)
            server.settimeout(3)
            for source in ("10.0.0.19", "10.0.0.20", "10.0.0.21", "10.0.1.20", "10.0.1.40"):
                with self.subTest(source=source), \
                        self.host.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
                    client.settimeout(3)
                    client.bind((source, 0))
                    client.connect((INET4, 80))
                    peer, address = server.accept()
                    peer.close()
                    self.assertEqual(address[0], source)
            self.assertEqual(capture.violations(), [])

    def test_an_answer_leaves_by_the_nic_that_was_asked(self):
        self.apply(FOUR)
        with Capture(self.vpc) as capture:
            for source in ("10.0.0.19", "10.0.0.20", "10.0.0.21", "10.0.1.20", "10.0.1.40"):
                for space in (self.vpc.inet, *self.vpc.peers.values()):
                    space.run("ping", "-c1", "-W2", source)
            self.assertEqual(capture.violations(), [])
        self.assertEqual(self.vpc.spoofed(), 0)

    def test_an_unbound_socket_uses_the_primary(self):
        self.apply(FOUR)
        with Capture(self.vpc) as capture:
            for version in (4, 6):
                probe = self.vpc.probe(None, self.vpc.destinations(version)["the internet"])
                self.assertTrue(probe.answered)
                self.assertEqual(capture.ports(probe), {"port0"})

    def test_the_peers_neighbour_table_has_each_address_at_its_own_nic(self):
        self.apply(FOUR)
        peer = self.vpc.peers["a"]
        for attempt in range(3):
            peer.ip("neigh flush all")
            for address in ("10.0.0.19", "10.0.0.20", "10.0.0.21"):
                peer.run("ping", "-c1", "-W2", address)
            found = {n["dst"]: n.get("lladdr") for n in peer.show("-4 neigh show dev eth0")}
            for name, address in (("eth0", "10.0.0.19"), ("eth1", "10.0.0.20"),
                                  ("eth2", "10.0.0.21")):
                self.assertEqual(found[address], self.vpc.nics[name].mac, f"attempt {attempt}")

    def test_without_a_gateway_an_address_fails_closed(self):
        self.apply(FOUR)
        self.host.ip("route flush table 1001", "route del default dev eth1 metric 1001")
        with Capture(self.vpc) as capture:
            probe = self.vpc.probe("10.0.0.20", INET4, timeout=0.5)
            self.assertFalse(probe.answered)
            self.assertEqual(capture.ports(probe), set())

    def test_the_first_ipv6_address_is_the_one_that_the_kernel_chooses(self):
        self.apply(FOUR)
        route = self.host.show("-6 route get 2001:db8:0:2::100 oif eth3")[0]
        self.assertEqual(route["prefsrc"], "2001:db8:0:2::20")


class Neighbours(Case):
    """Bridges, pods and tunnels in main go on working."""

    def bridge(self):
        """Containers on docker0, as every container host has."""
        self.container = self.vpc.namespace("container")
        self.host.ip("link add docker0 type bridge mcast_snooping 0",
                     "addr add 172.17.0.1/16 dev docker0", "link set docker0 up")
        self.vpc.link(self.container, "eth0", self.host, "veth0")
        self.host.ip("link set veth0 master docker0")
        self.container.ip("addr add 172.17.0.2/16 dev eth0", "route add default via 172.17.0.1")
        self.host.sysctl("net.ipv4.ip_forward", 1)
        self.vpc.serve(self.container)

    def test_a_container_on_a_bridge_and_every_address_of_the_host_reach_each_other(self):
        self.bridge()
        self.apply(FOUR)
        for source in ("10.0.0.19", "10.0.0.20", "10.0.0.21", "10.0.1.20", "10.0.1.40", None):
            with self.subTest(source=source):
                self.assertTrue(self.vpc.probe(source, "172.17.0.2").answered)
                if source:
                    self.container.run("ping", "-c1", "-W2", source)

    def test_a_containers_own_packets_take_the_same_way_as_before(self):
        self.bridge()
        ways = []
        for _ in ("before", "after"):
            with Capture(self.vpc) as capture:
                self.container.run("ping", "-c1", "-W0.3", INET4, check=False)
                capture.drain()
                ways.append({p.port for p in capture.packets if p.source == "172.17.0.2"})
            self.apply(FOUR)
        self.assertEqual(ways, [{"port0"}, {"port0"}])

    def test_a_pod_inside_an_enis_subnet_is_reached_through_its_own_route(self):
        pod = self.vpc.namespace("pod")
        self.vpc.link(pod, "eth0", self.host, "pod0")
        pod.ip("addr add 10.0.1.50/32 dev eth0", "route add default dev eth0")
        self.host.sysctl("net.ipv4.conf.pod0.proxy_arp", 1)
        self.host.ip("route add 10.0.1.50/32 dev pod0")
        self.vpc.serve(pod)
        self.apply(FOUR)
        with Capture(self.vpc) as capture:
            for source in ("10.0.1.20", "10.0.1.40", "10.0.0.20", "10.0.0.19", None):
                with self.subTest(source=source):
                    probe = self.vpc.probe(source, "10.0.1.50")
                    self.assertTrue(probe.answered)
                    self.assertEqual(capture.ports(probe), set())

    def test_a_tunnel_route_in_main_is_honoured(self):
        tunnel = Tunnel(self.host, "tun0")
        self.addCleanup(tunnel.close)
        self.host.ip("addr add 172.30.0.1/30 dev tun0", "link set tun0 up",
                     "route add 192.0.2.0/24 dev tun0")
        self.apply(FOUR)
        with Capture(self.vpc) as capture:
            for source in ("10.0.0.20", "10.0.1.40", "10.0.0.19"):
                with self.subTest(source=source):
                    probe = self.vpc.probe(source, "192.0.2.5", timeout=0.3)
                    self.assertEqual(capture.ports(probe), set())
                    self.assertTrue(tunnel.saw(probe.tag))

    def test_ignore_keeps_an_address_away_from_the_bridge_and_on_its_nic(self):
        self.bridge()
        self.apply(file(ETH0, ETH1 + " MainRoutes = ignore;", ETH2))
        rules = {rule["priority"] for rule in self.host.show("-4 rule show")
                 if rule.get("src") == "10.0.0.20" and "table" in rule}
        self.assertEqual(rules, {19999})
        with Capture(self.vpc) as capture:
            probe = self.vpc.probe("10.0.0.20", "172.17.0.2", timeout=0.5)
            self.assertEqual(capture.ports(probe), {"port1"})
            self.assertTrue(self.vpc.probe("10.0.0.21", "172.17.0.2").answered)

    def test_another_router_in_main_is_used_by_its_interfaces_own_addresses(self):
        """What main knows about an ENI is not lost for its addresses."""
        self.host.ip("link set eth1 up", "addr add 10.0.0.20/24 dev eth1 metric 1001",
                     f"route add 203.0.113.0/24 via {PEERS['a'][0]} dev eth1")
        self.apply(FOUR)
        with Capture(self.vpc) as capture:
            probe = self.vpc.probe("10.0.0.20", "203.0.113.1", timeout=0.3)
            mac = self.vpc.peers["a"].links()["eth0"]["address"]
            self.assertEqual((capture.ports(probe), capture.gateways(probe)), ({"port1"}, {mac}))
        self.host.ip("route del 203.0.113.0/24")
        self.apply()
        self.assertEqual(self.host.show("-4 route show table 1001 203.0.113.0/24"), [])

    def test_subnets_other_than_the_enis_are_covered_by_one_rule(self):
        self.apply(FOUR)
        rules = [r for r in self.host.show("-4 rule show") if r.get("table") == "1003"]
        self.assertEqual(len(rules), 1)
        self.assertEqual((rules[0]["src"], rules[0]["srclen"], rules[0]["iif"]),
                         (f"{B.prefix4}.0", 24, "lo"))


if __name__ == "__main__":
    main()
