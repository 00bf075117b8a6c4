"""What is not ours: left alone, satisfied by, adopted, in conflict, or warned about."""

from case import ETH0, ETH1, ETH2, ETH3, FOUR, GUIDE, Case, file, main
from vpc import INET4, Capture


class Foreign(Case):
    def test_foreign_objects_are_the_same_after_apply_and_teardown(self):
        self.host.ip(
            "link set eth1 up", "addr add 10.77.0.1/24 dev eth1", "addr add 192.0.2.1/32 dev lo",
            "route add 203.0.113.0/24 via 10.0.0.253 dev eth0 metric 50 proto 99",
            "route add blackhole 203.0.114.0/24 table 900",
            "-6 route add 2001:db8:77::/48 via 2001:db8:0:1::ff dev eth0",
            "rule add from 192.0.2.1 lookup 900 priority 25500",
            "-6 rule add from 2001:db8:77::/48 lookup 900 priority 25500",
            "rule add fwmark 0x9 lookup 900 priority 30100")
        self.host.run("tc", "qdisc", "add", "dev", "eth1", "clsact")
        self.host.run("tc", "qdisc", "add", "dev", "eth0", "root", "pfifo", "limit", "77")
        before = self.host.dump()
        held = {kind: before[kind] for kind in ("addresses", "routes4", "routes6", "rules4",
                                                "rules6")}
        self.apply(FOUR)
        after = self.host.dump()
        for kind, objects in held.items():
            for item in objects:
                self.assertIn(item, after[kind])
        self.assertEqual(len(before["qdiscs"]), 2)
        self.assertEqual(before["qdiscs"], after["qdiscs"])
        self.apply(GUIDE)
        self.teardown()
        self.assertSameDump(before)

    def test_a_link_with_a_route_of_others_stays_up_at_teardown(self):
        self.apply(file(ETH0, ETH1))
        routes = ("10.78.0.0/16 dev eth1", "10.77.0.0/16 via 10.77.0.1 dev eth1 onlink table 77")
        self.host.ip(*(f"route add {route}" for route in routes))
        self.assertIn("eth1 was down once, but holds routes of others", self.teardown().err)
        for route in routes:
            self.host.ip(f"route del {route}")

    def test_a_route_by_a_nexthop_object_outlives_our_address(self):
        self.apply(file(ETH0, ETH1))
        self.host.ip("nexthop add id 7 dev eth1", "route add 10.57.0.0/16 nhid 7")
        self.assertNotIn("10.57.0.0/16", self.teardown().text)
        self.assertIn("nhid 7", self.host.run("ip", "route", "show", "10.57.0.0/16").stdout)

    def test_a_twin_of_other_words_is_named(self):
        route = "10.60.0.0/16 via 10.0.0.254 dev eth0"
        self.host.ip(f"route add {route} mtu 1300")
        body = (ETH0 + ' Routes = ( { Destination = "10.60.0.0/16"; Gateway = "10.0.0.254"; '
                       'Table = main; MTU = %d; } );')
        self.assertIn("mtu 1400 is wanted; --adopt changes it", self.apply(file(body % 1400, ETH1)).err)
        self.assertNotIn("--adopt", self.apply(file(body % 1300, ETH1)).err)

    def test_an_adopted_address_keeps_what_the_kernel_makes_of_it(self):
        self.host.sysctl("net.ipv6.conf.eth1.use_tempaddr", 2)
        self.host.ip("link set eth1 up",
                     "-6 addr add 2001:db8:0:1::20/64 dev eth1 nodad mngtmpaddr "
                     "valid_lft 5000 preferred_lft 4000")
        err = self.apply(file(ETH0, 'Name = eth1; Addresses = ( "2001:db8:0:1::20/64" );'),
                         "--adopt").err
        self.assertNotIn("others changed", err)
        shown = self.host.run("ip", "-6", "addr", "show", "dev", "eth1").stdout
        self.assertEqual(shown.count("temporary"), 1, shown)
        self.assertIn("mngtmpaddr", shown)

    def test_a_foreign_twin_satisfies_and_outlives_teardown(self):
        twins = ["rule add from 10.0.0.20 lookup 1001 priority 20001",
                 "route add default via 10.0.0.253 dev eth1 metric 1001"]
        self.host.ip("link set eth1 up", "addr add 10.0.0.20/24 dev eth1 metric 1001", *twins)
        before = self.host.dump()
        result = self.apply(file(ETH0, ETH1), "--format", "json")
        self.assertEqual([c["text"] for c in result.changes("address")], [])
        self.assertIn("foreign", self.rtsetup("status").out)
        self.assertEqual(len([r for r in self.host.show("-4 rule show")
                              if r.get("src") == "10.0.0.20" and "table" in r]), 1)
        self.assertNothingToDo()
        self.teardown()
        self.assertSameDump(before)

    def test_a_twin_that_its_owner_removes_comes_back_under_our_mark(self):
        self.host.ip("rule add from 10.0.0.20 lookup 1001 priority 20001")
        self.apply(file(ETH0, ETH1))
        self.host.ip("rule del from 10.0.0.20 lookup 1001 priority 20001")
        self.apply()
        found = [r for r in self.host.show("-4 rule show")
                 if r.get("src") == "10.0.0.20" and "table" in r]
        self.assertEqual([r.get("protocol") for r in found], ["82"])

    def test_adopt_puts_our_mark_on_twins(self):
        self.host.ip("link set eth1 up", "addr add 10.0.0.20/24 dev eth1 metric 1001",
                     "rule add from 10.0.0.20 lookup 1001 priority 20001",
                     "route add default via 10.0.0.253 dev eth1 metric 1001")
        self.apply(file(ETH0, ETH1), "--adopt")
        self.assertEqual(self.host.marks()["eth1", "10.0.0.20"], 82)
        rules = [r for r in self.host.show("-4 rule show")
                 if r.get("src") == "10.0.0.20" and "table" in r]
        self.assertEqual([r.get("protocol") for r in rules], ["82"])
        routes = self.host.show("-4 route show table main default dev eth1")
        self.assertEqual([r["protocol"] for r in routes], ["82"])
        self.assertNothingToDo()
        self.teardown()
        self.assertNotIn(("eth1", "10.0.0.20"), self.host.marks())

    def test_an_erased_mark_is_put_back(self):
        """Anybody's `ip addr change` erases it."""
        self.apply(file(ETH0, ETH1))
        self.host.ip("addr change 10.0.0.20/24 dev eth1 metric 1001")
        self.assertEqual(self.host.marks()["eth1", "10.0.0.20"], 0)
        self.apply()
        self.assertEqual(self.host.marks()["eth1", "10.0.0.20"], 82)
        self.assertNothingToDo()

    def test_a_foreign_address_of_a_static_interface_is_left_ruled_and_warned_about(self):
        self.host.ip("link set eth1 up", "addr add 10.0.0.30/24 dev eth1")
        result = self.plan(file(ETH0, ETH1))
        self.assertIn("10.0.0.30", result.warnings())
        self.apply()
        self.assertIn(("eth1", "10.0.0.30"), self.host.marks())
        self.assertEqual(self.vpc.probe("10.0.0.30", "198.51.100.2").answered, True)

    def test_the_kernels_own_rules_are_put_back(self):
        self.apply(file(ETH0, ETH1))
        self.host.ip("rule del priority 32766")
        result = self.rtsetup("plan", "--detailed-exitcode", expect=2)
        self.assertIn("32766", result.out)
        self.apply()
        self.assertIn(32766, [r["priority"] for r in self.host.show("-4 rule show")])

    def test_what_somebody_removed_is_put_back(self):
        self.apply(FOUR)
        wanted = self.host.dump()
        self.host.ip("route flush table 1001", "rule del priority 20001 from 10.0.0.21",
                     "addr del 10.0.1.33/24 dev eth3", "link set eth2 group 0")
        self.rtsetup("status", "--detailed-exitcode", expect=2)
        self.apply()
        self.assertEqual({k: sorted(map(str, v)) for k, v in wanted.items()},
                         {k: sorted(map(str, v)) for k, v in self.host.dump().items()})


class Conflicts(Case):
    """Reported before anything is done, each with its cure."""

    def conflict(self, text, *words):
        self.write(text)
        before = self.host.dump()
        result = self.rtsetup("apply", expect=69)
        self.rtsetup("plan", expect=69)
        self.assertSameDump(before)
        for word in words:
            self.assertIn(word, result.text)
        return result

    def test_a_foreign_route_with_another_path(self):
        self.host.ip("link set eth1 up", "addr add 10.0.0.20/24 dev eth1 metric 1001",
                     "route add default via 10.0.0.100 dev eth1 metric 1001")
        self.conflict(file(ETH0, ETH1), "10.0.0.100", "ip route del")

    def test_a_foreign_rule_at_our_priority(self):
        self.host.ip("rule add from 10.0.0.0/24 lookup 500 priority 20001")
        self.conflict(file(ETH0, ETH1), "20001", "ip rule del")

    def test_an_interface_with_another_group(self):
        self.host.ip("link set eth1 group 7")
        self.conflict(file(ETH0, ETH1), "LinkGroup = 7")
        self.host.ip("link set eth1 group 0")

    def test_an_unmanaged_interface_in_a_managed_ones_subnet(self):
        result = self.conflict(file(ETH1), "Name = eth0", "Primary = YES", "Addressing = external")
        self.assertIn("eth0", result.err)

    def test_an_address_of_ours_that_somebody_gave_a_peer(self):
        self.apply(file(ETH0, ETH1))
        self.host.ip("addr del 10.0.0.20/24 dev eth1",
                     "addr add 10.0.0.20 peer 10.0.0.21/24 dev eth1")
        self.conflict(file(ETH0, ETH1), "ip address del 10.0.0.20 peer 10.0.0.21/24 dev eth1")

    def test_an_on_link_ipv6_gateway_that_main_has_elsewhere(self):
        eth1 = ('Name = eth1; Addresses = ( "2001:db8:0:1::20/128" ); Gateway = "%s"; '
                'GatewayOnLink = YES; Table = 1001;')
        self.conflict(file(ETH0, eth1 % "2001:db8:0:1::ff"),
                      "2001:db8:0:1::ff is in 2001:db8:0:1::/64 of eth0", "link-local")
        self.apply(file(ETH0, eth1 % "fe80::ff"))
        self.assertNothingToDo()
        self.teardown()
        hops = '{ Gateway = "2001:db8:0:1::fe"; }, { Gateway = "2001:db8:0:1::fd"; }'
        self.apply(file(ETH0, f'Name = eth1; Addresses = ( "2001:db8:0:1::20/64" ); Table = 1001; '
                              f'Gateway = "2001:db8:0:1::ff"; Routes = ( {{ GatewayOnLink = YES; '
                              f'Destination = "2001:db8:77::/48"; NextHops = ( {hops} ); }} );'))
        self.assertNothingToDo()

    def test_the_primarys_default_is_no_cure(self):
        self.host.ip("route del default dev eth0",
                     "route add default via 10.0.0.253 dev eth0 metric 1001")
        result = self.conflict(file(ETH0, ETH1), "write another metric (RouteMetric), or none")
        self.assertNotIn("ip route del", result.text)

    def test_managed_no_makes_that_a_warning(self):
        result = self.plan(file("Name = eth0; Managed = NO;", ETH1))
        self.assertIn("eth0", result.warnings())

    def test_a_secondarys_default_that_would_beat_the_primarys(self):
        self.host.ip("route del default", "route add default via 10.0.0.253 dev eth0 metric 2000")
        self.conflict(file(ETH0, ETH1), "eth0", "eth1")

    def test_two_secondaries_defaults_of_one_metric(self):
        same = " RouteMetric = 500;"
        self.conflict(file(ETH0, ETH1 + same, ETH2 + same), "eth1", "eth2", "500")
        # The number of eth2's table.
        other = " RouteMetric = 1002;"
        self.conflict(file(ETH0, ETH1 + other, ETH2), "eth1", "eth2", "1002")
        self.apply(file(ETH0, ETH1 + other, ETH2 + " RouteMetric = none;"))

    def test_two_interfaces_with_one_table(self):
        self.write(file(ETH0, ETH1, ETH2.replace("1002", "1001")))
        self.rtsetup("apply", expect=65)

    def test_two_links_with_one_mac(self):
        mac = self.vpc.nics["eth1"].mac
        self.host.ip(f"link set eth2 address {mac}")
        self.conflict(file(ETH0, ETH1.replace("Name = eth1;", f'MACAddress = "{mac}"; ')
                           + " Required = YES;"), "eth1", "eth2")

    def test_two_entries_that_are_one_nic(self):
        mac = self.vpc.nics["eth1"].mac
        self.conflict(file(ETH0, ETH1, f'MACAddress = "{mac}"; Addresses = ( "10.0.0.30/24" );'),
                      "eth1")

    def test_an_address_whose_removal_takes_a_foreign_default_needs_force(self):
        """The kernel takes a foreign route whose source is the removed address."""
        self.apply(file(ETH0, ETH1))
        self.host.ip("route add default via 10.0.0.253 dev eth1 src 10.0.0.20 metric 3000")
        moved = file(ETH0, ETH1.replace("10.0.0.20/24", "10.0.0.30/24"))
        self.conflict(moved, "--force")
        result = self.apply(moved, "--force")
        self.assertIn("10.0.0.20", result.out)


class Warnings(Case):
    """Ways past the law, and what ends every lookup."""

    ipv6 = False

    def warned(self, text, *words):
        result = self.plan(text)
        for word in words:
            self.assertIn(word, result.warnings())
        self.apply()
        return result

    def test_another_route_in_our_table(self):
        self.host.ip("link set eth1 up", "route add 203.0.113.0/24 dev eth1 table 1001")
        self.warned(file(ETH0, ETH1), "203.0.113.0/24", "1001")

    def test_a_rule_before_ours_that_catches_a_source(self):
        self.host.ip("rule add from 10.0.0.0/24 lookup 500 priority 1000")
        self.warned(file(ETH0, ETH1), "1000")

    def test_an_unreachable_default_in_main(self):
        self.host.ip("route add unreachable default metric 4000")
        self.warned(file(ETH0, ETH1), "unreachable")

    def test_half_of_the_internet_through_a_tunnel(self):
        self.host.run("ip", "tuntap", "add", "dev", "tun0", "mode", "tun")
        self.host.ip("addr add 172.30.0.1/30 dev tun0", "link set tun0 up",
                     "route add 128.0.0.0/1 dev tun0")
        self.warned(file(ETH0, ETH1), "128.0.0.0/1", "MainRoutes")

    def test_a_multipath_route_that_mixes_enis_and_others(self):
        self.host.ip("link add other type veth peer name rehto", "link set other up",
                     "link set rehto up", "addr add 172.30.0.1/30 dev other",
                     "route add 203.0.113.0/24 nexthop via 10.0.0.253 dev eth0 "
                     "nexthop via 172.30.0.2 dev other")
        self.warned(file(ETH0, ETH1), "203.0.113.0/24")

    def test_mains_best_default_is_not_on_the_primary(self):
        self.host.ip("link set eth1 up", "addr add 10.0.0.20/24 dev eth1 metric 1001",
                     "route del default", "route add default via 10.0.0.253 dev eth0 metric 100",
                     "route add default via 10.0.0.253 dev eth1 metric 50")
        self.warned(file(ETH0, ETH1 + " RouteMetric = none;"), "eth1")

    def test_mains_default_is_on_a_nic_that_the_file_leaves_out(self):
        self.warned(file(ETH3), "add { Name = eth0; Primary = YES; Addressing = external; }")

    def test_a_setting_that_all_overrides(self):
        result = self.rtsetup("validate", self.write(
            file(ETH0, ETH1 + " ReversePathFilter = off;",
                 more='Sysctl = { "net.ipv4.conf.all.rp_filter" = 1; };')))
        self.assertIn("warning", result.text)
        self.assertIn("rp_filter", result.text)

    def test_strict_on_a_shared_subnet(self):
        self.warned(file(ETH0, ETH1 + " ReversePathFilter = strict;", ETH3), "strict")

    def test_fail_closed_without_a_gateway(self):
        body = 'Name = eth1; Addresses = ( "10.0.0.20/24" ); FailClosed = YES;'
        self.warned(file(ETH0, body), "FailClosed")

    def test_a_primary_without_a_gateway_in_main(self):
        self.host.ip("route del default")
        self.warned(file(ETH0, ETH1), "eth0")

    def test_a_foreign_multipath_route_outlives_one_of_its_interfaces(self):
        self.apply(FOUR)
        self.host.ip("route add 10.79.0.0/16 nexthop via 10.0.1.253 dev eth3 "
                     "nexthop via 10.0.0.253 dev eth0")
        self.write(file(ETH0, ETH1, ETH2, "Name = eth3;"))
        self.assertNotIn("10.79.0.0/16", self.rtsetup("plan").out)
        self.apply()
        hops = self.host.show("route show 10.79.0.0/16")[0]["nexthops"]
        self.assertIn(("10.0.0.253", "eth0"), [(hop["gateway"], hop["dev"]) for hop in hops])

    def test_half_of_the_internet_through_what_is_no_eni_is_a_warning(self):
        self.host.ip("link set eth2 up", "addr add 10.9.0.1/24 dev eth2",
                     "route add 0.0.0.0/1 via 10.9.0.2 dev eth2")
        result = self.apply(file(ETH0, ETH1, "Name = eth2; Managed = NO;"))
        self.assertIn("warning: 0.0.0.0/1 via 10.9.0.2 dev eth2", result.err)

    def test_a_lost_state_folder_is_told_at_teardown(self):
        self.apply(file(ETH0, ETH1))
        self.host.run("rm", "-r", f"{self.vpc.folder}/run")
        self.assertIn("ip link set eth1 group 0", self.teardown().err)


class Neighbours(Case):
    """What others do beside the ENIs, and after them."""

    def test_a_rule_that_ours_come_before_is_named(self):
        self.host.ip("route add 10.99.0.0/16 via 10.0.0.7 dev eth0 table 55",
                     "rule add from 10.0.0.19 lookup 55 priority 30100",
                     # It leads where ours leads.
                     "rule add from 10.0.0.20 lookup 1001 priority 30101",
                     "rule add from 192.0.2.0/24 lookup 55 priority 30102")
        err = self.apply(file(ETH0, ETH1)).err
        self.assertIn("comes after ours, so it is never asked for 10.0.0.19 of an ENI: "
                      "30100: from 10.0.0.19 lookup 55", err)
        self.assertNotIn("30101", err)
        self.assertNotIn("30102", err)

    def test_a_rule_of_the_file_that_stands_where_ours_do_is_named(self):
        rules = 'Rules = ( {{ Priority = {}; From = "10.0.0.20"; Table = {}; }} );'
        for priority, table, isNamed in ((20001, 55, True), (25001, 55, True), (20001, 1001, False),
                                         (20002, 55, False)):
            err = self.apply(file(ETH0, ETH1, more=rules.format(priority, table))).err
            self.assertEqual(f"priority {priority} is that of the source rule of 10.0.0.20" in err,
                             isNamed, err)

    def test_a_route_past_the_law_is_named(self):
        body = ETH1 + ' Routes = ( { Destination = "172.31.0.0/16"; %s } );'
        for words, table, home in (('Gateway = "10.0.0.254"; Table = 1002;', 1002, "eth2"),
                                   ('NextHops = ( { Gateway = "10.0.0.254"; Interface = eth2; } );',
                                    1001, "eth1")):
            other = "eth1" if home == "eth2" else "eth2"
            self.assertIn(f"172.31.0.0/16 leaves by {other} in table {table}, which is {home}'s",
                          self.apply(file(ETH0, body % words, ETH2)).err)

    def test_a_strangers_link_in_the_enis_group_is_named(self):
        self.host.ip("link add br9 type bridge", "link set br9 up group 82")
        self.assertIn("br9 is in group 82, which is the managed ENIs'",
                      self.apply(file(ETH0, ETH1)).err)
        # One that leaves the file is taken out of it by us.
        self.assertNotIn("eth1 is in group", self.apply(file(ETH0)).err)

    def test_a_table_that_others_use_is_not_handed_out(self):
        self.host.ip("rule add from 10.66.0.0/16 lookup 1001 priority 500")
        self.apply(file(ETH0, 'Name = eth1; Addresses = ( "10.0.0.20/24" ); '
                        'Gateway = "10.0.0.253"; Routes = ( { Destination = "10.9.0.0/16"; '
                        'Gateway = "10.0.0.254"; Table = 1002; } );',
                        'Name = eth2; Addresses = ( "10.0.1.21/24" );'))
        tables = {r["src"]: r["table"] for r in self.host.show("-4 rule show")
                  if r["priority"] == 20001}
        self.assertEqual(tables["10.0.0.20"], "1003")
        self.assertEqual(tables["10.0.1.0"], "1004")
        self.assertNothingToDo()

    def test_nobody_has_a_subnet_while_a_lease_is_to_come(self):
        address, *_ = self.host.show("-4 addr show dev eth0")[0]["addr_info"]
        self.assertEqual(address["local"], "10.0.0.19")
        self.host.ip("addr flush dev eth0 scope global", "route flush dev eth0")
        text = file("Name = eth0; Primary = YES; Addressing = external;", ETH1)
        self.apply(text)
        rules = [(r["src"], r.get("srclen", 32)) for r in self.host.show("-4 rule show")
                 if r["priority"] == 20001]
        self.assertEqual(rules, [("10.0.0.20", 32)])
        # A boot without `watch`: nothing is applied after the lease.
        self.host.ip("addr add 10.0.0.19/24 dev eth0",
                     "route add default via 10.0.0.253 dev eth0")
        with Capture(self.vpc) as capture:
            self.assertProbe("10.0.0.19", INET4, capture, port="port0")

    def test_a_gateway_stays_on_link_where_no_connected_route_has_it(self):
        self.host.ip("link set eth1 up", "addr add 10.0.0.20/24 dev eth1 noprefixroute",
                     "route add 10.8.0.0/16 via 10.0.0.254 dev eth1 onlink metric 20")
        self.apply(file(ETH0, 'Name = eth1; Addresses = ( "10.0.0.20/24" ); Routes = ( '
                        '{ Destination = "10.8.0.0/16"; Gateway = "10.0.0.254"; '
                        'GatewayOnLink = YES; Metric = 20; Table = main; } );'), "--adopt")
        route, = self.host.show("-4 route show 10.8.0.0/16")
        self.assertEqual((route["flags"], route["protocol"]), (["onlink"], "82"))
        self.assertNothingToDo()


if __name__ == "__main__":
    main()
