"""`watch`: the host that heals itself."""

import json
import os
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import time
import unittest
from pathlib import Path

import test_dhcp
from case import ETH0, ETH1, ETH2, ETH3, FOUR, GUIDE, file, main
from namespace import Monitor
from test_rebind import FLOATING, FLOATING6, TWO, holders
from vpc import INET4, INET6, Capture
from watching import Manager, Watching


class Repair(Watching):
    def test_a_deleted_rule_is_back_within_a_fifth_of_a_second(self):
        addresses = [f"10.0.1.{n}" for n in range(20, 70)]
        quoted = ", ".join(f'"{a}/24"' for a in addresses)
        self.watch(text=file(
            ETH0, f'Name = eth3; Addresses = ( {quoted} ); Gateway = "10.0.1.253"; Table = 1003; '
            "RuleSource = address;"))
        took = []
        monitor = Monitor(self.host)
        self.addCleanup(monitor.close)
        for address in addresses:
            monitor.events()
            self.host.ip(f"rule del from {address} lookup 1003")
            took.append(self.until(lambda: "new rule" in monitor.events(), "rule"))
        median = statistics.median(took)
        print(f"median of 50 deleted rules: {median * 1000:.0f} ms", flush=True)
        self.assertLess(median, 1)  # scripts/bench has the limit of 0.2
        self.untilWhole()

    def test_whatever_is_deleted_comes_back(self):
        self.watch(text=FOUR)
        before = self.host.dump()
        for words in (
            "rule del priority 20000",
            "-6 rule del priority 20000",
            "rule del priority 25001 from 10.0.0.20",
            "rule del priority 32766",
            "route del default table 1001",
            "route del 10.0.0.0/24 table 1002",
            "route del default metric 1001",
            "route del 10.0.0.0/24 dev eth1",
            "-6 route flush table 1003",
            "addr del 10.0.0.21/24 dev eth2",
            "-6 addr del 2001:db8:0:2::20/64 dev eth3",
            "link set eth2 group 0",
            "link set eth1 down",
        ):
            with self.subTest(words):
                self.host.ip(words)
                self.untilWhole()
        found = self.host.dump()
        for dump in (before, found):  # rules of one priority come back behind the others
            for kind in ("rules4", "rules6"):
                dump[kind].sort()
        self.assertSameDump(before, after=found)

    def test_a_wiped_host_is_whole_within_a_second(self):
        self.watch(text=FOUR)
        with Capture(self.vpc) as capture:
            self.host.run("sh", "-c", """
                ip rule flush; ip -6 rule flush
                for table in 1000 1001 1002 1003; do
                    ip route flush table $table; ip -6 route flush table $table
                done
                for nic in eth1 eth2 eth3; do ip addr flush dev $nic; done""")
            took = self.untilWhole()
            print(f"a wiped host was whole after {took * 1000:.0f} ms", flush=True)
            self.assertLess(took, 4)  # scripts/bench has the limit of 1
            self.host.settle()
            self.assertLaw(capture, ["10.0.0.19", "10.0.0.20", "10.0.1.40", "2001:db8:0:2::21"])
        self.assertIn("undone by", self.said)

    def test_one_line_tells_what_was_missing_and_who_did_it(self):
        self.watch(text=GUIDE)
        self.host.ip("rule del from 10.0.0.20 lookup 1001")
        self.untilLogged("repaired")
        line = next(l for l in self.said.splitlines() if "repaired" in l)
        self.assertRegex(
            line, r"^notice: repaired in [0-9.]+ ms: added rule 20001: from 10.0.0.20 lookup 1001; "
            r"undone by (ip \(process [0-9]+\)|process [0-9]+ \(ended\))$")
        warnings = self.rtsetup("status", "--format", "json").warnings()
        self.assertRegex(warnings, r"process [0-9]+( \(ended\)|\)) undid rule 20001: from 10.0.0.20")

    def test_while_nothing_happens_it_does_not_wake_up_once(self):
        self.watch(text=FOUR)
        time.sleep(1.5)  # duplicate address detection has ended
        switches, ticks = self.switches(), self.ticks()
        time.sleep(3)
        self.assertEqual((self.switches(), self.ticks()), (switches, ticks))

    def test_a_foreign_addition_is_left_alone(self):
        self.watch(text=GUIDE)
        self.host.ip("rule add from 192.0.2.1 lookup 7 priority 30000",
                     "addr add 192.0.2.1/32 dev lo", "route add 192.0.2.9/32 dev lo table 7")
        time.sleep(0.4)
        self.assertNotIn("repaired", self.said)
        self.assertEqual(self.rule("192.0.2.1"), None)
        self.assertEqual(self.routes(7), {"192.0.2.9"})
        self.assertNothingToDo()


class HotPlug(Watching):
    FILE = file(ETH0, ETH1, ETH3)

    def unplug(self, name):
        self.host.ip(f"link del {name}")

    def plug(self, name):
        nic = self.vpc.nics[name]
        self.vpc._attach(nic)

    def test_an_eni_that_appears_is_configured(self):
        self.unplug("eth1")
        self.watch(text=self.FILE)
        self.assertIn("no interface eth1 on this host", self.said)
        self.plug("eth1")
        self.until(lambda: self.rule("10.0.0.20") == "1001", "rule", 3)
        self.untilWhole()
        with Capture(self.vpc) as capture:
            self.assertLaw(capture, ["10.0.0.19", "10.0.0.20", "10.0.1.20"])

    def test_one_that_goes_leaves_its_fail_closed_rules_and_no_default(self):
        self.watch(text=self.FILE)
        self.unplug("eth1")
        time.sleep(0.3)
        rules = [(r["priority"], r.get("table"), r.get("action"))
                 for r in self.host.show("rule show") if r.get("src") == "10.0.0.20"]
        self.assertEqual(rules, [(20001, "1001", None), (25001, None, "unreachable")])
        self.assertEqual(self.routes(1001), set())
        defaults = self.host.show("route show default")
        self.assertEqual({r["dev"] for r in defaults}, {"eth0", "eth3"})
        self.plug("eth1")
        self.until(lambda: "default" in self.routes(1001), "default", 3)
        self.untilWhole()
        self.assertLaw(self.enterContext(Capture(self.vpc)), ["10.0.0.20"])
        self.teardown()
        self.assertEqual([r["priority"] for r in self.host.show("rule show")], [0, 32766, 32767])

    def test_another_index_brings_its_own_first_values(self):
        self.host.sysctl("net.ipv4.conf.eth1.arp_ignore", 2)
        self.watch(text=file(ETH0, ETH1 + " ARP = strict;"))
        self.assertEqual(self.host.sysctl("net.ipv4.conf.eth1.arp_ignore"), "1")
        self.unplug("eth1")
        self.plug("eth1")
        self.until(lambda: self.host.sysctl("net.ipv4.conf.eth1.arp_ignore") == "1", "sysctl")
        self.untilWhole()
        self.teardown()
        self.assertEqual(self.host.sysctl("net.ipv4.conf.eth1.arp_ignore"), "0")

    def test_one_that_is_renamed_is_configured_and_its_settings_follow(self):
        self.watch(text=file(ETH0, 'MACAddress = "00:16:3e:12:e7:01"; '
                             'Addresses = ( "10.0.0.20/24" ); Gateway = "10.0.0.253"; '
                             "Table = 1001; ARP = strict;"))
        self.host.ip("link set eth1 down", "link set eth1 name ens9")
        self.until(lambda: "default" in self.routes(1001), "default")
        self.untilWhole()
        self.teardown()
        self.assertEqual(self.host.sysctl("net.ipv4.conf.ens9.arp_ignore"), "0")
        self.assertEqual(self.host.links()["ens9"]["group"], "default")

    def test_a_name_that_an_eni_takes_makes_it_ours(self):
        self.host.ip("link set eth1 name spare")
        self.watch(text=self.FILE)
        self.assertIsNone(self.rule("10.0.0.20"))
        self.host.ip("link set spare name eth1")
        self.until(lambda: self.rule("10.0.0.20") == "1001", "rule")

    def test_one_that_is_taken_into_another_namespace_and_back(self):
        self.watch(text=self.FILE)
        other = self.vpc.namespace("other")
        self.host.ip(f"link set eth3 netns {other.name}")
        self.until(lambda: "10.0.1.0/24" not in self.routes("main"), "route gone")
        time.sleep(0.2)
        other.ip(f"link set eth3 netns {self.host.name}")
        self.until(lambda: "default" in self.routes(1003), "default")
        self.untilWhole()
        self.assertLaw(self.enterContext(Capture(self.vpc)), ["10.0.1.20"])

    def test_a_link_that_flaps_gets_its_routes_back(self):
        self.watch(text=FOUR)
        for name in ("eth1", "eth3"):
            self.host.ip(f"link set {name} down", f"link set {name} up")
            self.untilWhole()
            self.host.ip(f"link set {name} down")
            self.until(lambda: self.host.links()[name]["up"], "link up")
            self.untilWhole()
        self.host.settle()
        self.assertLaw(self.enterContext(Capture(self.vpc)), ["10.0.0.20", "10.0.1.33",
                                                            "2001:db8:0:2::20"])


class Following(Watching):
    def test_external_addresses_are_followed(self):
        self.watch(text=file(ETH0, ETH1))
        self.vpc.grant("eth0", "10.0.0.60")
        self.host.ip("addr add 10.0.0.60/24 dev eth0")
        self.until(lambda: self.rule("10.0.0.60") == "1000", "rule")
        self.assertLaw(self.enterContext(Capture(self.vpc)), ["10.0.0.60"])
        self.host.ip("addr del 10.0.0.60/24 dev eth0")
        self.until(lambda: self.rule("10.0.0.60") is None, "rule gone")

    def test_an_address_that_dhcp_takes_and_gives_again(self):
        self.watch(text=file(ETH0, ETH1))
        self.host.ip("addr flush dev eth0")
        self.until(lambda: self.rule("10.0.0.19") is None, "rule gone")
        self.host.ip("addr add 10.0.0.19/24 dev eth0",
                     "route add default via 10.0.0.253 dev eth0 proto dhcp")
        self.until(lambda: self.rule("10.0.0.19") == "1000" and "default" in self.routes(1000),
                   "rule and route")
        self.assertLaw(self.enterContext(Capture(self.vpc)), ["10.0.0.19", "10.0.0.20"])

    def test_mains_routes_through_an_eni_are_copied_and_taken_out(self):
        self.watch(text=GUIDE)
        self.host.ip("route add 10.9.0.0/16 via 10.0.0.254 dev eth1",
                     "-6 route add 2001:db8:9::/48 via fe80::1 dev eth0")
        self.until(lambda: "10.9.0.0/16" in self.routes(1001), "copy")
        self.until(lambda: "2001:db8:9::/48" in self.routes(1000, "-6"), "copy")
        self.host.ip("route del 10.9.0.0/16 via 10.0.0.254 dev eth1")
        self.until(lambda: "10.9.0.0/16" not in self.routes(1001), "removal")

    def test_settings_of_interfaces_that_the_kernel_tells_of(self):
        self.watch(text=file(ETH0, ETH1 + " ReversePathFilter = loose;"))
        self.host.sysctl("net.ipv4.conf.eth1.rp_filter", 1)
        self.until(lambda: self.host.sysctl("net.ipv4.conf.eth1.rp_filter") == "2", "rp_filter")


@unittest.skipUnless(shutil.which("dnsmasq") and shutil.which("dhclient"),
                     "needs dnsmasq and dhclient: scripts/setup test")
class Lease(Watching):
    """A real DHCP client on the primary."""
    ipv6 = False
    deliver, wait = test_dhcp.DHCP.deliver, test_dhcp.DHCP.wait
    renewals, renewed = test_dhcp.DHCP.renewals, test_dhcp.DHCP.renewed

    def test_a_renewal_is_no_repair_and_a_new_lease_is_followed(self):
        self.watch(text=test_dhcp.EXAMPLE)
        before = self.host.dump()
        self.renewed()
        self.assertSameDump(before)
        self.assertNotIn("repaired", self.said)
        self.host.ip("addr flush dev eth0")
        self.until(lambda: self.rule("10.0.0.19") is None, "rule gone")
        self.renewed()  # the address is back; its routes come with a new lease alone
        self.host.ip(f"route replace 100.64.0.0/10 via {test_dhcp.ROUTER} dev eth0 proto dhcp",
                     "route replace default via 10.0.0.253 dev eth0 proto dhcp")
        self.until(lambda: self.rule("10.0.0.19") == "1000" and "100.64.0.0/10" in
                   self.routes(1000) and "default" in self.routes(1000), "rule and routes", 10)
        self.untilWhole()
        with Capture(self.vpc) as capture:
            self.assertLaw(capture, ["10.0.0.19", "10.0.0.20", "10.0.0.30"])


class Configuration(Watching):
    def test_what_was_not_applied_in_this_boot_is_applied_at_start(self):
        self.watch(text=GUIDE)
        time.sleep(0.5)  # link-local addresses come when the links are up
        self.assertNothingToDo()
        self.assertIn("configured in", self.said)

    def test_what_the_last_apply_used_is_kept_whatever_config_says(self):
        self.write(file(ETH0, ETH2), "other.plist")
        path = self.write(GUIDE, "used/rtsetup.plist")
        # Relative, from a working directory that watch does not share.
        self.host.run(*self.command("apply", "--config", "rtsetup.plist"),
                      cwd=os.path.dirname(path))
        self.watch("--config", f"{self.vpc.folder}/other.plist")
        self.host.ip("rule del from 10.0.0.20 lookup 1001")
        self.until(lambda: self.rule("10.0.0.20") == "1001", "rule")

    def test_a_changed_file_is_applied_and_a_bad_one_is_not(self):
        self.watch(text=file(ETH0, ETH1))
        self.write(file(ETH0, ETH1, ETH2))
        self.until(lambda: self.rule("10.0.0.21") == "1002", "rule of eth2")
        self.untilLogged("the changed configuration was applied in")
        self.write(file(ETH0, ETH1, ETH2.replace("Table", "Tabel")))
        self.untilLogged("what was read before stays in force")
        self.assertIn("did you mean 'Table'", self.said)
        self.assertIn("^", self.said)
        self.host.ip("rule del from 10.0.0.21 lookup 1002")
        self.until(lambda: self.rule("10.0.0.21") == "1002", "rule of eth2")
        self.write(file(ETH0, ETH1))
        self.until(lambda: self.rule("10.0.0.21") is None, "mended file")
        self.untilWhole()

    def test_a_file_that_others_may_write_is_not_trusted(self):
        self.watch(text=file(ETH0, ETH1))
        path = self.write(file(ETH0, ETH1, ETH2), "new.plist")
        os.chmod(path, 0o666)
        os.rename(path, f"{self.vpc.folder}/rtsetup.plist")
        self.untilLogged("can be written by its group or others")
        self.assertIsNone(self.rule("10.0.0.21"))
        os.chmod(f"{self.vpc.folder}/rtsetup.plist", 0o644)
        self.until(lambda: self.rule("10.0.0.21") == "1002", "rule")

    def test_a_file_that_goes_away_stays_in_force(self):
        self.watch(text=file(ETH0, ETH1))
        os.unlink(f"{self.vpc.folder}/rtsetup.plist")
        self.untilLogged("there is no such file")
        self.host.ip("rule del from 10.0.0.20 lookup 1001")
        self.until(lambda: self.rule("10.0.0.20") == "1001", "rule")

    def test_every_way_in_which_a_file_changes(self):
        folder = Path(self.vpc.folder)
        real = folder / "real"
        with_eth2, without = file(ETH0, ETH1, ETH2), file(ETH0, ETH1)
        def present():
            self.until(lambda: self.rule("10.0.0.21") == "1002", "rule of eth2")
        def absent():
            self.until(lambda: self.rule("10.0.0.21") is None, "no rule of eth2")
        for version, text in (("1", without), ("2", with_eth2)):
            self.write(text, f"real/{version}/rtsetup.plist")
        (real / "current").symlink_to("1")
        (folder / "etc").mkdir()
        (folder / "etc/rtsetup.plist").symlink_to("../real/current/rtsetup.plist")
        self.watch("--config", f"{folder}/etc/rtsetup.plist")
        absent()
        (real / "next").symlink_to("2")
        os.rename(real / "next", real / "current")  # as Kubernetes does it
        present()
        self.write(without, "real/2/rtsetup.plist")  # in place
        absent()
        (folder / "etc/rtsetup.d").mkdir()
        self.write(file(ETH2), "etc/rtsetup.d/10.plist")  # a folder that appears
        present()
        os.rename(folder / "etc/rtsetup.d/10.plist", folder / "etc/rtsetup.d/10.off")
        absent()
        self.write(file(ETH2), "elsewhere.plist")
        (folder / "etc/rtsetup.d/20.plist").symlink_to("../../elsewhere.plist")
        present()
        self.write(file(ETH2 + " FailClosed = NO;"), "elsewhere.plist")  # behind a link
        self.until(lambda: not any(r["priority"] == 25001 and r.get("src") == "10.0.0.21"
                                   for r in self.host.show("rule show")), "changed drop-in")
        (folder / "etc/rtsetup.d/20.plist").unlink()
        absent()
        (folder / "etc/rtsetup.plist").unlink()
        self.untilLogged("there is no such file")
        self.write(with_eth2, "etc/rtsetup.plist")  # a file where a link was
        present()

    def test_without_a_good_file_it_does_not_start(self):
        for text, code in ((None, 66), ("{ Version = 1; Interfaces = ( { Nam = eth0; } ); }", 65)):
            with self.subTest(code=code):
                if text:
                    self.write(text)
                result = self.rtsetup("watch", expect=code)
                self.assertIn("error:", result.err)
        os.chmod(self.write(GUIDE), 0o666)
        self.rtsetup("watch", expect=77)
        self.write(GUIDE)
        self.rtsetup("watch", expect=77, prefix=("setpriv", "--bounding-set", "-net_admin",
                                                 "--inh-caps", "-net_admin"))

    def test_dry_run_prints_the_plan(self):
        self.write(GUIDE)
        self.assertIn("Plan:", self.rtsetup("watch", "--dry-run").out)
        self.assertIsNone(self.rule("10.0.0.20"))

    def test_a_conflict_is_told_once_and_looked_at_again(self):
        self.host.ip("rule add from 10.0.0.20 lookup 7 priority 20001")
        self.watch(text=file(ETH0, ETH1))
        self.assertIn("error: ", self.said)
        # What was never applied as a whole is not begun.
        self.assertIn(self.rule("10.0.0.20"), (None, "7"))
        self.assertEqual(holders(self.host, "10.0.0.20"), [])
        self.host.ip("addr add 192.0.2.1/32 dev lo")
        time.sleep(0.3)
        self.assertEqual(self.said.count("error: "), 1, self.said)
        self.assertIn("conflict", self.rtsetup("status", "--format", "json", expect=None).json["hold"])
        self.host.ip("rule del from 10.0.0.20 lookup 7")
        self.until(lambda: self.rule("10.0.0.20") == "1001", "rule")
        self.untilWhole()
        self.until(lambda: self.hold() is None, "end of the hold")
        self.assertIsNone(self.rtsetup("status", "--format", "json").json["hold"])

    def flush(self):
        """Whatever is in conflict, this is put right."""
        for family in ("-4", "-6"):
            self.host.ip(f"{family} rule flush")
            self.host.ip(f"{family} rule add priority 32766 lookup main")
        self.host.ip("rule add priority 32767 lookup default")
        self.until(lambda: self.rule("10.0.0.20") == "1001", "rule")

    def test_a_conflict_of_one_eni_does_not_stop_the_repair_of_the_others(self):
        self.watch(text=file(ETH0, ETH1, ETH2, ETH3.replace(
            "Gateway", 'RouteMetric = none; Gateway').replace(
                '"10.0.1.20/24"', '"10.0.1.20/24", "2001:db8:0:2::20/64"')))
        for conflict, cure, words in (
            ("link set eth3 group 5", "link set eth3 group default", "in group 5 already"),
            ("addr add 10.0.0.20/24 dev eth3", "addr del 10.0.0.20/24 dev eth3",
             "10.0.0.20 is on eth1 and on eth3"),
            ("route replace default via 10.0.1.250 dev eth3 table 1003",
             "route del default table 1003", "a foreign route stands where"),
            ("link set eth3 mtu 1200", "link set eth3 mtu 1500", "the MTU of eth3 is 1200"),
            ("link set eth3 master br7", "link set eth3 nomaster", "eth3 is a port of br7"),
        ):
            with self.subTest(conflict):
                if "br7" in conflict:
                    self.host.ip("link add br7 type bridge")
                said = len(self.said)
                self.host.ip(conflict)
                self.until(lambda: words in self.said[said:], f"'{words}'")
                self.until(lambda: words in (self.hold() or ""), "hold")
                held = holders(self.host, "10.0.1.20")
                self.flush()
                with Capture(self.vpc) as capture:
                    probe = self.vpc.probe("10.0.0.20", INET4)
                    self.assertTrue(probe.answered)
                    self.assertEqual(capture.ports(probe), {"port1"})
                self.assertEqual(holders(self.host, "10.0.1.20"), held)
                self.assertEqual(self.said[said:].count(words), 1, self.said[said:])
                self.assertEqual(self.rtsetup("apply", expect=None).code, 69)
                self.host.ip(cure)
                self.until(lambda: "no conflict any more" in self.said[said:], "end")
                self.untilWhole()

    def test_a_required_eni_that_goes_does_not_stop_the_repair_of_the_others(self):
        self.watch(text=file(ETH0, ETH1, ETH2 + " Required = YES;"))
        self.host.ip("link del eth2")
        self.untilLogged("no interface eth2 on this host")
        self.flush()

    def test_a_changed_file_that_the_host_refuses_leaves_the_old_one_in_force(self):
        self.watch(text=file(ETH0, ETH1, ETH3))
        moved = ETH1.replace("1001", "1007")
        self.write(file(ETH0, moved, ETH3 + " Queues = { Channels = 400; };"))
        self.untilLogged("the changed files are refused; what was read before stays in force")
        self.assertIn("eth3 has at most", self.said)
        self.flush()
        self.assertEqual(self.said.count("are refused"), 1, self.said)
        self.assertIn("refused", self.hold())
        self.write("{ Version = 1;")
        self.until(lambda: "'{' is never closed" in str(self.manager.hear()), "STATUS")
        self.assertIn("stays in force", self.rtsetup("status", expect=65).err)
        self.write(file(ETH0, moved, ETH3))
        self.until(lambda: self.rule("10.0.0.20") == "1007", "mended file")
        self.untilLogged("the files are good again")
        self.untilWhole()

    def test_a_refused_file_is_taken_up_when_its_conflict_has_gone(self):
        self.watch(text=file(ETH0, ETH1))
        self.host.ip("link set eth3 group 5")
        self.write(file(ETH0, ETH1, ETH3))
        self.untilLogged("are refused")
        self.assertEqual(holders(self.host, "10.0.1.20"), [])
        self.host.ip("link set eth3 group default")
        self.until(lambda: holders(self.host, "10.0.1.20") == ["eth3"], "address")
        self.untilWhole()

    def test_what_another_run_has_applied_is_in_force_whatever_conflicts_since(self):
        self.watch(text=file(ETH0, ETH1))
        self.process.send_signal(signal.SIGSTOP)
        self.apply(file(ETH0, ETH1, ETH3))
        self.host.ip("link set eth3 group 5")
        self.process.send_signal(signal.SIGCONT)
        self.untilLogged("in group 5 already")
        self.flush()
        self.assertEqual(holders(self.host, "10.0.1.20"), ["eth3"])
        self.assertNotIn("are refused", self.said)

    def test_a_foreign_default_does_not_go_with_an_address(self):
        bindings = Path(self.vpc.folder, "lib/bindings.plist")
        self.watch(text=TWO)
        self.rtsetup("rebind", FLOATING, "--release")
        released = bindings.read_bytes()
        self.rtsetup("rebind", FLOATING, "--to", "eth1")
        self.host.ip(f"route add default via 10.0.0.253 dev eth0 src {FLOATING} metric 5000")
        self.untilWhole()
        before = self.host.dump()
        bindings.write_bytes(released)
        self.untilLogged("if that is meant: --force")
        time.sleep(0.5)
        self.assertSameDump(before)
        self.flush()
        self.assertEqual(holders(self.host, FLOATING), ["eth1"])

    def test_an_address_stays_where_it_is_while_it_cannot_go_where_it_is_bound(self):
        bindings = Path(self.vpc.folder, "lib/bindings.plist")
        for name in ("eth1", "eth2"):
            self.vpc.grant(name, FLOATING, FLOATING6)
        self.watch(text=TWO)
        self.rtsetup("rebind", FLOATING6, "--to", "eth2")
        moved = bindings.read_bytes()
        self.rtsetup("rebind", FLOATING6, "--to", "eth1")
        self.untilWhole()
        self.host.ip("link set eth2 mtu 1200")
        self.untilLogged("the MTU of eth2 is 1200")
        bindings.write_bytes(moved)
        time.sleep(0.5)
        self.assertEqual(holders(self.host, FLOATING6), ["eth1"])
        with Capture(self.vpc) as capture:
            probe = self.vpc.probe(FLOATING6, INET6)
            self.assertEqual(capture.ports(probe), {"port1"})
        self.host.ip("link set eth2 mtu 1500")
        self.until(lambda: holders(self.host, FLOATING6) == ["eth2"], "move")
        self.untilWhole()


class Others(Watching):
    """Other runs, signals, the service manager."""

    def test_after_teardown_it_stands_by_until_apply(self):
        before = self.host.dump()
        self.watch(text=GUIDE)
        self.teardown()
        self.assertIn("stands by after teardown", self.hold())
        self.untilLogged("standing by")
        self.assertSameDump(before)
        self.host.ip("link set eth1 up", "link set eth1 down")
        self.write(file(ETH0, ETH1))
        time.sleep(0.3)
        self.assertSameDump(before)
        self.apply()
        self.untilLogged("called back by a new run")
        self.assertIsNone(self.hold())
        self.host.ip("rule del from 10.0.0.20 lookup 1001")
        self.until(lambda: self.rule("10.0.0.20") == "1001", "rule")

    def test_after_teardown_sighup_configures_again(self):
        self.watch(text=GUIDE)
        self.teardown()
        self.untilLogged("standing by")
        self.process.send_signal(signal.SIGHUP)
        self.until(lambda: self.rule("10.0.0.20") == "1001", "rule")
        self.untilWhole()
        self.assertIsNone(self.hold())

    def test_started_after_teardown_it_stands_by(self):
        self.apply(GUIDE)
        self.teardown()
        self.watch()
        self.assertIn("stands by after teardown", self.hold())
        self.assertIsNone(self.rule("10.0.0.20"))

    def test_apply_plan_and_teardown_at_the_same_time(self):
        self.watch(text=GUIDE)
        for _ in range(4):
            self.write(file(ETH0, ETH1))
            self.apply()
            self.assertIsNone(self.rule("10.0.0.21"))
            self.rtsetup("plan")
            self.write(GUIDE)
            self.apply()
            self.assertEqual(self.rule("10.0.0.21"), "1002")
            self.teardown()
            self.assertIsNone(self.rule("10.0.0.20"))
            time.sleep(0.15)
            self.assertIsNone(self.rule("10.0.0.20"))
            self.apply()
        self.untilWhole()
        self.assertNotIn("error", self.said)

    def test_apply_with_another_file_is_followed(self):
        self.watch(text=GUIDE)
        other = self.write(file(ETH0, ETH1), "other/rtsetup.plist")
        self.apply(None, "--config", other)
        self.untilLogged("the configuration is")
        time.sleep(0.3)
        self.assertIsNone(self.rule("10.0.0.21"))
        self.write(file(ETH0, ETH2), "other/rtsetup.plist")
        self.until(lambda: self.rule("10.0.0.21") == "1002", "rule")

    def test_while_another_holds_the_lock_it_waits_and_hears_signals(self):
        self.watch(text=GUIDE)
        folder = next(Path(self.vpc.folder, "run").iterdir())
        holder = subprocess.Popen(["flock", str(folder / "lock"), "sleep", "30"])
        self.addCleanup(holder.wait)
        self.addCleanup(holder.kill)
        time.sleep(0.2)
        self.host.ip("rule del from 10.0.0.20 lookup 1001")
        ticks = self.ticks()
        time.sleep(2)
        self.assertIsNone(self.rule("10.0.0.20"))
        self.assertLessEqual(self.ticks() - ticks, 20)
        subprocess.run(["pkill", "-P", str(holder.pid)], check=False)
        self.until(lambda: self.rule("10.0.0.20") == "1001", "rule", 3)

    def test_sigterm_leaves_everything_in_place(self):
        self.watch(text=GUIDE)
        before = self.host.dump()
        self.stop()
        self.assertSameDump(before)
        self.assertEqual(self.manager.hear()[-1], ["STOPPING=1"])
        self.assertNothingToDo()
        self.watch()
        self.process.send_signal(signal.SIGINT)
        self.assertEqual(self.process.wait(5), 0)

    def test_sigterm_in_the_middle_finishes_or_undoes(self):
        self.write(FOUR)
        whole = self.plan().json["summary"]
        for delay in (0.0, 0.01, 0.02, 0.03, 0.05, 0.08):
            with self.subTest(delay=delay):
                self.watch(expect_ready=False)
                time.sleep(delay)
                self.process.send_signal(signal.SIGTERM)
                self.assertIn(self.process.wait(10), (0, -signal.SIGTERM))
                plan = self.plan().json["summary"]
                self.assertIn(plan, ({"add": 0, "change": 0, "remove": 0}, whole))
                self.teardown()

    def test_there_is_one_watch_in_a_namespace(self):
        self.watch(text=GUIDE)
        self.assertIn("another rtsetup watch", self.rtsetup("watch", expect=75).err)

    def test_the_service_manager_hears_ready_reloading_stopping_and_status(self):
        self.watch(text=GUIDE)
        self.manager.hear()
        self.process.send_signal(signal.SIGHUP)
        lines = self.manager.wait("RELOADING=1")
        usec = int(next(l for l in lines if l.startswith("MONOTONIC_USEC=")).split("=")[1])
        self.assertAlmostEqual(usec / 1e6, time.clock_gettime(time.CLOCK_MONOTONIC), delta=2)
        self.manager.wait("READY=1")
        self.host.ip("rule del from 10.0.0.20 lookup 1001")
        self.manager.wait("STATUS=")
        self.stop()
        self.manager.wait("STOPPING=1")

    def test_an_abstract_socket_and_the_watchdog(self):
        manager = Manager(f"\0rtsetup-test-{os.getpid()}", self.host)
        self.addCleanup(manager.close)
        self.watch(text=GUIDE, manager=manager, environment={"WATCHDOG_USEC": "400000"})
        start = time.monotonic()
        for _ in range(5):
            manager.wait("WATCHDOG=1", 1)
        self.assertAlmostEqual(time.monotonic() - start, 1.0, delta=0.35)
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(0.3)
        manager.hear()
        time.sleep(0.6)
        self.assertEqual(manager.hear(), [])
        self.process.send_signal(signal.SIGCONT)
        manager.wait("WATCHDOG=1", 1)

    def test_a_manager_that_does_not_listen_holds_nothing_up(self):
        self.watch(text=GUIDE)
        for number in range(30):  # its queue takes ten
            self.host.ip(f"route add 10.{number}.0.0/16 via 10.0.0.254 dev eth1")
            self.until(lambda: f"10.{number}.0.0/16" in self.routes(1001), "copy")

    def test_under_systemd_the_level_is_a_prefix(self):
        self.watch(text=GUIDE, environment={"INVOCATION_ID": "7"})
        self.write("{")
        self.untilLogged("<3>")
        self.assertIn("<5>configured in", self.said)
        self.assertTrue(all(l.startswith("<") for l in self.said.splitlines()), self.said)

    def test_a_log_that_nobody_reads_any_more_ends_nothing(self):
        self.write(GUIDE)
        reader, writer = os.pipe()
        process = self.host.start(*self.command("watch"), stdout=writer, stderr=writer)
        os.close(writer)
        self.until(lambda: self.rule("10.0.0.20") == "1001", "rule")
        os.close(reader)
        for _ in range(2):
            self.host.ip("rule del from 10.0.0.20 lookup 1001")
            self.until(lambda: self.rule("10.0.0.20") == "1001", "rule")
            self.untilWhole()
        self.assertIsNone(process.poll())
        process.terminate()
        self.assertEqual(process.wait(10), 0)

    def test_quiet_and_verbose_are_levels(self):
        self.watch("--quiet", text=GUIDE)
        self.stop()
        self.assertEqual(self.said, "")


class Rebinds(Watching):
    """Failover beside it: the binding is what it keeps."""

    def setUp(self):
        super().setUp()
        for name in ("eth1", "eth2"):
            self.vpc.grant(name, FLOATING)

    def holder(self):
        return holders(self.host, FLOATING)

    def test_a_rebind_is_kept_and_repaired_where_it_has_moved(self):
        self.watch(text=TWO)
        for name, table in (("eth2", "1002"), ("eth1", "1001"), ("eth2", "1002")):
            self.rtsetup("rebind", FLOATING, "--to", name)
            self.assertEqual(self.holder(), [name])
            time.sleep(0.4)
            self.assertEqual((self.holder(), self.rule(FLOATING)), ([name], table))
        self.assertNotIn("repaired", self.said)
        self.host.ip(f"addr del {FLOATING}/24 dev eth2", f"rule del from {FLOATING} lookup 1002")
        self.until(lambda: (self.holder(), self.rule(FLOATING)) == (["eth2"], "1002"), "repair")
        self.rtsetup("rebind", FLOATING, "--release")
        time.sleep(0.4)
        self.assertEqual((self.holder(), self.rule(FLOATING)), ([], None))
        self.untilWhole()
        # What repeats the announcements is nobody's corpse.
        states = [path.read_text(encoding="ascii").rpartition(")")[2].split()[:2]
                  for path in Path("/proc").glob("[0-9]*/stat")]
        self.assertNotIn(["Z", str(self.process.pid)], states)

    def test_bindings_that_another_run_left_are_honoured(self):
        self.watch(text=TWO)
        self.rtsetup("rebind", FLOATING, "--to", "eth2")
        kept = Path(self.vpc.folder, "lib/bindings.plist").read_text(encoding="utf-8")
        self.rtsetup("rebind", FLOATING, "--to", "eth1")
        time.sleep(0.3)
        # As a configuration management would put it there.
        self.write(kept, "lib/bindings.new")
        os.rename(f"{self.vpc.folder}/lib/bindings.new", f"{self.vpc.folder}/lib/bindings.plist")
        self.until(lambda: self.holder() == ["eth2"] and self.rule(FLOATING) == "1002", "move")
        self.untilWhole()


class Load(Watching):
    def test_a_flood_of_a_daemons_routes_costs_nothing(self):
        self.watch(text=GUIDE)
        lines = [f"route {{}} 172.{16 + n // 65536 % 16}.{n // 256 % 256}.{n % 256}/32 "
                 f"via 10.0.0.254 dev eth1 proto 186 {{}}" for n in range(50_000)]
        self.host.settle()
        time.sleep(0.5)
        ticks, rss = self.ticks(), self.rss()
        for table in ("table 5000", ""):
            batch = "".join(line.format("add", table) + "\n" for line in lines)
            self.host.run("ip", "-batch", "-", input=batch)
        cost = self.ticks() - ticks
        print(f"100,000 routes of protocol 186 cost {cost * 10} ms of CPU", flush=True)
        self.assertLess(cost, 20)
        self.assertLess(self.rss(), max(rss, 25 << 10))
        self.assertEqual(self.routes(1001), {"default", "10.0.0.0/24"})
        self.host.ip("rule del from 10.0.0.20 lookup 1001")
        took = self.until(lambda: self.rule("10.0.0.20") == "1001", "rule", 10)
        print(f"with them there, a deleted rule is back after {took * 1000:.0f} ms", flush=True)

    def test_memory_is_flat_over_ten_thousand_events(self):
        self.watch(text=GUIDE)
        def churn():
            batch = "rule add from 192.0.2.1 lookup 7 priority 30000\n" \
                    "rule del from 192.0.2.1 lookup 7 priority 30000\n" * 1000
            for _ in range(3):
                self.host.run("ip", "-batch", "-", input=batch)
                time.sleep(0.2)
        churn()
        first = self.rss()
        churn()
        churn()
        last = self.rss()
        print(f"resident: {first} KiB, after 12,000 events more {last} KiB", flush=True)
        self.assertLess(last, 25 << 10)
        self.assertLess(last - first, 600)

    def test_a_process_with_several_sockets_is_named_too(self):
        self.watch(text=GUIDE)
        with self.host.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as first, \
                self.host.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as second:
            first.bind((0, 0))
            second.bind((0, 0))
            self.assertGreater(second.getsockname()[0], 1 << 31)
            # RTM_DELRULE of the first rule at 25001, whatever it is.
            rule = struct.pack("=BBBBBBBBI", socket.AF_INET, 0, 0, 0, 0, 0, 0, 0, 0)
            priority = struct.pack("=HHI", 8, 6, 25001)  # FRA_PRIORITY
            second.send(struct.pack("=IHHII", 36, 33, 0x5, 1, 0) + rule + priority)
            self.untilLogged("repaired in")
        self.assertIn(f"(process {os.getpid()})", self.said)

    def test_lost_events_are_made_up_for(self):
        self.watch(text=GUIDE)
        self.process.send_signal(signal.SIGSTOP)
        batch = "rule add from 192.0.2.1 lookup 7 priority 30000\n" \
                "rule del from 192.0.2.1 lookup 7 priority 30000\n" * 15_000
        self.host.run("ip", "-batch", "-", input=batch)
        self.host.ip("rule del from 10.0.0.20 lookup 1001")
        self.process.send_signal(signal.SIGCONT)
        self.until(lambda: self.rule("10.0.0.20") == "1001", "rule")

    def test_who_undoes_it_again_and_again_is_left_alone_and_named(self):
        self.watch(text=GUIDE)
        vandal = self.host.start(
            "ip", "-batch", "-", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        repairs = []
        end = time.monotonic() + 6
        while time.monotonic() < end:
            if self.rule("10.0.0.20") == "1001":
                repairs.append(time.monotonic())
                vandal.stdin.write("rule del from 10.0.0.20 lookup 1001\n")
                vandal.stdin.flush()
                self.until(lambda: self.rule("10.0.0.20") is None, "deletion")
            time.sleep(0.01)
        # Five at once, then after pauses of 1, 2 and 4 s.
        self.assertIn(len(repairs), (6, 7, 8), self.said)
        self.assertIn(f"ip (process {vandal.pid}) keeps undoing rule 20001: from 10.0.0.20",
                      self.said)
        status = self.rtsetup("status", "--format", "json", expect=None).json
        self.assertIn(f"ip (process {vandal.pid})", status["hold"])
        self.assertIn(f"ip (process {vandal.pid}) undid", json.dumps(status["warnings"]))
        # What is not in dispute is not put off.
        self.host.ip("rule del from 10.0.0.21 lookup 1002")
        self.until(lambda: self.rule("10.0.0.21") == "1002", "the other rule", 1)
        self.assertNotIn("undoing rule 20001: from 10.0.0.21", self.said)

    def test_status_tells_what_waits_not_the_dispute_that_came_last(self):
        self.watch(text=GUIDE)
        for source, table, times in (("10.0.0.20", "1001", 7), ("10.0.0.21", "1002", 6)):
            for _ in range(times):
                self.host.ip(f"rule del from {source} lookup {table}")
                self.until(lambda: self.rule(source) == table, "rule")
        self.host.ip("rule del from 10.0.0.20 lookup 1001")
        self.until(lambda: "undoing rule 20001: from 10.0.0.20" in (self.hold() or ""), "hold")
        self.assertRegex(self.hold(), r"; it is left alone for another [1-4] s$")
        self.assertIsNone(self.rule("10.0.0.20"))
        self.assertRegex(self.said, r"waiting for [1-4] s: .* rule 20001: from 10.0.0.20")
        self.until(lambda: self.rule("10.0.0.20") == "1001", "rule", 3)

    def test_sighup_and_apply_end_a_pause(self):
        self.watch(text=GUIDE)
        for end in (lambda: self.process.send_signal(signal.SIGHUP), lambda: self.apply()):
            with self.subTest(end):
                for _ in range(7):
                    self.host.ip("rule del from 10.0.0.20 lookup 1001")
                    self.until(lambda: self.rule("10.0.0.20") == "1001", "rule")
                self.host.ip("rule del from 10.0.0.20 lookup 1001")
                time.sleep(0.3)
                self.assertIsNone(self.rule("10.0.0.20"))
                end()
                self.until(lambda: self.rule("10.0.0.20") == "1001", "rule", 1)
                self.until(lambda: self.hold() is None, "end of the hold", 1)

    def test_what_is_repaired_beside_a_dispute_is_nobodys_fault(self):
        self.watch(text=GUIDE)
        vandal = self.host.start(
            "sh", "-c", "while :; do ip rule del priority 20001 from 10.0.0.20 2>/dev/null; "
            "sleep 0.05; done", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(vandal.wait)
        self.addCleanup(vandal.kill)
        self.untilLogged("left alone for 1 s")
        for _ in range(3):
            self.host.ip("route flush table 1002")
            self.until(lambda: self.host.show("route show table 1002"), "table")
        vandal.kill()
        self.until(lambda: self.rule("10.0.0.20") == "1001", "rule")
        disputes = [line for line in self.said.splitlines() if "keeps undoing" in line]
        self.assertTrue(all("undoing rule 20001: from 10.0.0.20 " in line for line in disputes),
                        disputes)
        self.assertLess(len(disputes), 4, disputes)

    def test_an_address_that_another_host_holds_is_told_as_that(self):
        self.vpc.peers["a"].ip("-6 addr add 2001:db8:0:1::20/64 dev eth0 nodad")
        # A bridge opens a port a while after the carrier: the question would be lost.
        self.host.ip("link set eth1 up")
        self.until(lambda: self.vpc.cloud.show("link show dev port1")[0]["linkinfo"]
                   ["info_slave_data"]["state"] == "forwarding", "port that forwards")
        self.watch(text=TWO)
        self.untilLogged("another host on the link keeps address 2001:db8:0:1::20/64 dev eth1")
        self.assertIn("another host on the link holds it", self.said)
        repairs = self.said.count("notice: repaired in")
        time.sleep(0.8)
        self.assertEqual(self.said.count("notice: repaired in"), repairs, self.said)
        for words in ("somebody", "dev lo"):
            self.assertNotIn(words, self.said)

    def test_a_refused_repair_is_undone_and_tried_again(self):
        self.watch(text=GUIDE)
        text = file(ETH0, ETH1, ETH2 + ' Routes = ( { Destination = "10.8.0.0/16"; '
                    'Gateway = "10.0.0.1"; Scope = host; } );')
        before = self.host.dump()
        self.write(text)
        self.untilLogged("error: cannot add route 10.8.0.0/16")
        time.sleep(2.5)
        self.assertSameDump(before)
        tries = self.said.count("cannot add route")
        self.assertIn(tries, (2, 3), self.said)
        self.assertIn("refused", self.rtsetup("status", "--format", "json",
                                              expect=None).json["hold"])
        self.write(GUIDE)
        self.until(lambda: self.rtsetup("status", "--format", "json",
                                        expect=None).json["hold"] is None, "no hold")


if __name__ == "__main__":
    main()
