"""Failover on one host: what rebind moves, what it refuses, and what becomes of the bindings."""

import contextlib
import json
import os
import re
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

import test_crash
from case import ETH0, ETH3, QUICK, Case, file, main
from vpc import PEERS, Capture

FLOATING = "10.0.0.30"
FLOATING6 = "2001:db8:0:1::30"
PEER = PEERS["a"][0]


def floating(address, more=""):
    return f'{{ Address = "{address}"; Floating = YES; {more} }}'


def eth(number, *addresses, more=""):
    """An ENI of subnet A with one address of its own a family, and these beside them."""
    host = 19 + number
    listed = ", ".join([f'"10.0.0.{host}/24"', f'"2001:db8:0:1::{host}/64"', *addresses])
    return (f"Name = eth{number}; Addresses = ( {listed} ); "
            f'Gateway = ( "10.0.0.253", "2001:db8:0:1::ff" ); Table = {1000 + number}; {more}')


TWO = file(ETH0, eth(1, floating(FLOATING + "/24"), floating(FLOATING6 + "/64")), eth(2))


def holders(space, address):
    """The links that have the address, from the kernel."""
    return [link["ifname"] for link in space.show("addr show")
            for entry in link.get("addr_info", []) if entry.get("local") == address]


class Rebinding(Case):
    def setUp(self):
        super().setUp()
        for name in ("eth1", "eth2"):
            self.vpc.grant(name, FLOATING, FLOATING6)

    def rebind(self, *words, expect=0, **options):
        return self.rtsetup("rebind", *words, expect=expect, **options)

    def refused(self, *words, expect=69, **options):
        """Not done, for a reason, and nothing else done either."""
        before, bindings = self.host.dump(), self.bindings()
        result = self.rebind(*words, expect=expect, **options)
        self.assertSameDump(before)
        self.assertEqual(self.bindings(), bindings)
        self.assertTrue(result.err.strip(), "no word about it")
        return result

    def dump(self):
        """With the rules of one priority in no order: they exclude each other."""
        dump = self.host.dump()
        return dump | {kind: sorted(dump[kind]) for kind in ("rules4", "rules6")}

    def assertHeldBy(self, name, *addresses):
        for address in addresses or (FLOATING, FLOATING6):
            self.assertEqual(holders(self.host, address), [name] if name else [], address)

    def bindings(self):
        path = Path(self.vpc.folder, "lib/bindings.plist")
        return path.read_text(encoding="utf-8") if path.exists() else None

    def reboot(self):
        """A fresh kernel and /run, the same files."""
        folder, keep = self.vpc.folder, f"{self.vpc.folder}-kept"
        os.rename(folder, keep)
        self.vpc.close()
        self.vpc = self.make_vpc()
        self.addCleanup(self.vpc.close)
        self.host = self.vpc.host
        self.deliver()
        for name in ("eth1", "eth2"):
            self.vpc.grant(name, FLOATING, FLOATING6)
        os.rmdir(self.vpc.folder)
        os.rename(keep, self.vpc.folder)
        for path in Path(self.vpc.folder, "run").glob("*/*"):
            path.unlink()


class Moves(Rebinding):
    def test_an_address_moves_with_its_rules_and_comes_home(self):
        self.apply(TWO)
        home = self.dump()
        result = self.rebind(FLOATING, FLOATING6, "--to", "eth2")
        self.assertIn("10.0.0.30 is bound to eth2.", result.out)
        self.assertHeldBy("eth2")
        with Capture(self.vpc) as capture:
            for address in (FLOATING, FLOATING6):
                peer = PEERS["a"][":" in address]
                self.assertProbe(address, peer, capture, port="port2")
        self.assertNothingToDo()
        self.rebind(FLOATING, FLOATING6, "--to", "eth1")
        self.assertHeldBy("eth1")
        self.assertSameDump(home, "back home", after=self.dump())
        self.assertNothingToDo()

    def test_a_conflict_of_another_interface_is_a_warning(self):
        self.apply(file(ETH0, eth(1, floating(FLOATING + "/24")), eth(2), ETH3))
        for conflict, cure in (
            ("link set eth3 group 5", "link set eth3 group 82"),
            ("route replace default via 10.0.1.250 dev eth3 table 1003 proto boot",
             "route replace default via 10.0.1.253 dev eth3 table 1003 proto 82"),
        ):
            with self.subTest(conflict):
                self.host.ip(conflict)
                result = self.rebind(FLOATING, "--to", "eth2")
                self.assertIn("warning: ", result.err)
                self.assertHeldBy("eth2", FLOATING)
                self.rebind(FLOATING, "--to", "eth1")
                self.assertHeldBy("eth1", FLOATING)
                self.host.ip(cure)
                self.assertNothingToDo()
        for name in ("eth1", "eth2"):
            with self.subTest(name):
                self.host.ip(f"link set {name} group 5")
                self.assertIn("in group 5", self.rebind(FLOATING, "--to", "eth2", expect=69).err)
                self.assertHeldBy("eth1", FLOATING)
                self.host.ip(f"link set {name} group 82")

    def test_an_address_leaves_a_required_interface_that_is_gone(self):
        self.apply(file(ETH0, eth(1, floating(FLOATING + "/24"), more="Required = YES;"), eth(2)))
        self.host.ip("link del eth1")
        self.rebind(FLOATING, "--to", "eth2")
        self.assertHeldBy("eth2", FLOATING)

    def test_an_interface_goes_by_name_altname_and_mac(self):
        self.host.ip("link property add dev eth2 altname enp2")
        self.apply(TWO)
        for name in ("eth2", "enp2", self.vpc.nics["eth2"].mac.upper()):
            self.rebind(FLOATING, "--to", name)
            self.assertHeldBy("eth2", FLOATING)
            self.rebind(FLOATING, "--to", "eth1")
            self.assertHeldBy("eth1", FLOATING)

    def test_a_second_call_changes_nothing_and_repairs_what_drifted(self):
        self.apply(TWO)
        self.rebind(FLOATING, "--to", "eth2")
        before = self.host.dump()
        again = self.rebind(FLOATING, "--to", "eth2", "--format", "json").json
        self.assertEqual((again["result"], again["changes"]), ("unchanged", []))
        self.assertSameDump(before)
        self.host.ip(f"addr del {FLOATING}/24 dev eth2")
        self.rebind(FLOATING, "--to", "eth2")
        self.assertSameDump(before)

    def test_release_and_take_up(self):
        self.apply(TWO)
        self.rebind(FLOATING, FLOATING6, "--release")
        self.assertHeldBy(None)
        self.assertNotIn(FLOATING, json.dumps(self.host.rules()))
        self.assertNothingToDo()
        self.rebind(FLOATING, FLOATING6, "--to", "eth2")
        self.assertHeldBy("eth2")

    def test_initially_released(self):
        released = file(ETH0, eth(1, floating(FLOATING + "/24", "Initially = released;")), eth(2))
        self.apply(released)
        self.assertHeldBy(None, FLOATING)
        self.assertNothingToDo()
        self.rebind(FLOATING, "--to", "eth1")
        self.assertHeldBy("eth1", FLOATING)
        self.apply()
        self.assertHeldBy("eth1", FLOATING)
        self.rebind(FLOATING, "--release")
        self.assertHeldBy(None, FLOATING)

    def test_the_primary_of_a_subnet_moves_and_its_secondaries_stay(self):
        self.apply(file(ETH0, (
            f'Name = eth1; Addresses = ( {floating(FLOATING + "/24")}, "10.0.0.20/24" ); '
            'Gateway = "10.0.0.253"; Table = 1001;'), eth(2)))
        with Capture(self.vpc) as capture:
            self.rebind(FLOATING, "--to", "eth2")
            self.assertHeldBy("eth2", FLOATING)
            self.assertHeldBy("eth1", "10.0.0.20")
            self.assertProbe("10.0.0.20", PEER, capture)
        self.assertNothingToDo()

    def test_the_only_address_of_an_interface_moves_to_one_without_any(self):
        one = (f'Name = eth1; Addresses = ( {floating(FLOATING + "/24")} ); '
               'Gateway = "10.0.0.253"; Table = 1001;')
        other = 'Name = eth2; Gateway = "10.0.0.253"; Table = 1002;'
        self.apply(file(ETH0, one, other))
        for name in ("eth2", "eth1", "eth2"):
            self.rebind(FLOATING, "--to", name)
            self.assertHeldBy(name, FLOATING)
            with Capture(self.vpc) as capture:
                self.assertProbe(FLOATING, PEER, capture, port="port" + name[-1])
            self.assertNothingToDo()

    def test_to_an_interface_that_dhcp_owns(self):
        self.apply(TWO)
        self.rebind(FLOATING, "--to", "eth0")
        self.assertHeldBy("eth0", FLOATING)
        self.assertNothingToDo()

    def test_dry_run_plan_and_status_tell(self):
        self.apply(TWO)
        before = self.host.dump()
        dry = self.rebind(FLOATING, "--to", "eth2", "--dry-run").out
        self.assertIn("  + address 10.0.0.30/24 (bound here; its home is eth1)", dry)
        self.assertSameDump(before)
        self.assertIsNone(self.bindings())
        self.rebind(FLOATING, "--to", "eth2")
        self.rebind(FLOATING6, "--release")
        status = self.rtsetup("status").out
        self.assertIn("  @ binding 10.0.0.30/24 bound here, home is eth1\n", status)
        self.assertIn("  @ binding 2001:db8:0:1::30/64 released\n", status)
        interfaces = self.rtsetup("status", "--format", "json").json["interfaces"]
        bindings = {entry["name"]: entry.get("bindings", []) for entry in interfaces}
        self.assertEqual([b["state"] for b in bindings["eth2"]], ["bound"])
        self.assertEqual([b["state"] for b in bindings["eth1"]], ["released"])

    def test_json(self):
        self.apply(TWO)
        result = self.rebind(FLOATING, "--to", "eth2", "--format", "json").json
        self.assertEqual(result["result"], "applied")
        self.assertEqual(
            result["bindings"],
            [{"address": FLOATING, "prefixlen": 24, "state": "bound", "interface": "eth2",
              "home": "eth1", "runtime": False}])
        self.assertEqual(
            result["announced"],
            [{"address": FLOATING, "interface": "eth2", "mac": self.vpc.nics["eth2"].mac,
              "count": 3}])


class Refusals(Rebinding):
    def test_each_with_69_and_nothing_changed(self):
        self.apply(file(
            ETH0, eth(1, floating(FLOATING + "/24")), eth(2),
            'Name = eth3; Addresses = ( "10.0.1.20/24" ); Gateway = "10.0.1.253"; Table = 1003;',
            "Name = eth9;"))
        self.host.ip("link add spare type veth peer name other", "link set spare up")
        for words, reason in (
                (["10.0.0.99", "--to", "eth2"], "no file has the address"),
                (["10.0.0.99", "--release"], "no file has the address"),
                (["10.0.0.20", "--to", "eth2"], "not Floating"),
                (["10.0.0.20", "--release"], "not Floating"),
                ([FLOATING, "--to", "eth7"], "no interface eth7"),
                ([FLOATING, "--to", "eth9"], "not on this host"),
                ([FLOATING, "--to", "spare"], "in no file"),
                ([FLOATING, "--to", "02:00:00:00:00:99"], "no interface 02:00:00:00:00:99"),
                ([FLOATING, "--to", "eth3"], "not on the subnet 10.0.0.0/24"),
                ([FLOATING, "10.0.0.20", "--to", "eth2"], "not Floating")):
            with self.subTest(words=words):
                self.assertIn(reason, self.refused(*words).err)

    def test_a_target_that_is_down_or_has_no_carrier(self):
        self.apply(TWO)
        self.vpc.cloud.ip("link set port2 down")
        self.assertIn("no carrier", self.refused(FLOATING, "--to", "eth2").err)
        self.vpc.cloud.ip("link set port2 up")
        self.host.ip("link set eth2 down")
        self.assertIn("eth2 is down", self.refused(FLOATING, "--to", "eth2").err)

    def test_usage(self):
        self.apply(TWO)
        for words in ([], [FLOATING], [FLOATING, "--to", "eth2", "--release"], ["--to", "eth2"],
                      ["--release"], ["10.0.0.300", "--release"], ["--replace", "x", "--with", "y"],
                      ["--replace", "02:00:00:00:00:01"], [FLOATING, "--release", "--announce", "x"],
                      [FLOATING, "--release", "--announce", "101"]):
            with self.subTest(words=words):
                self.refused(*words, expect=64)

    def test_what_is_not_floating_moves_by_force(self):
        self.apply(TWO)
        self.vpc.grant("eth2", "10.0.0.20")
        self.rebind("10.0.0.20", "--to", "eth2", "--force")
        self.assertHeldBy("eth2", "10.0.0.20")
        self.assertNothingToDo()

    def test_an_address_that_somebody_else_made_is_not_taken_along(self):
        self.write(TWO)
        self.host.ip("link set eth1 up", f"addr add {FLOATING}/24 dev eth1")
        self.apply()
        self.assertIn("ip address del", self.refused(FLOATING, "--to", "eth2").err)
        self.assertIn("apply --adopt", self.refused(FLOATING, "--release").err)
        self.apply(None, "--adopt")
        self.rebind(FLOATING, "--release")
        self.assertHeldBy(None, FLOATING)

    def test_without_privilege(self):
        self.apply(TWO)
        nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        self.refused(FLOATING, "--to", "eth2", expect=77, prefix=nobody)


class Bindings(Rebinding):
    def test_a_binding_outlives_teardown_and_reboot(self):
        self.apply(TWO)
        self.rebind(FLOATING, "--to", "eth2")
        self.rebind(FLOATING6, "--release")
        self.teardown()
        self.apply()
        self.assertHeldBy("eth2", FLOATING)
        self.assertHeldBy(None, FLOATING6)
        self.reboot()
        self.apply()
        self.assertHeldBy("eth2", FLOATING)
        self.assertHeldBy(None, FLOATING6)

    def test_a_runtime_binding_is_gone_with_the_boot(self):
        self.apply(TWO)
        self.rebind(FLOATING, "--to", "eth2", "--runtime")
        self.assertHeldBy("eth2", FLOATING)
        self.assertIsNone(self.bindings())
        self.assertNothingToDo()
        self.assertIn("until the next boot", self.rtsetup("status").out)
        self.reboot()
        self.apply()
        self.assertHeldBy("eth1", FLOATING)

    def test_a_damaged_file_is_named_and_its_copy_used(self):
        self.apply(TWO)
        self.rebind(FLOATING, "--to", "eth2")
        path = Path(self.vpc.folder, "lib/bindings.plist")
        self.assertEqual(path.stat().st_mode & 0o777, 0o644)
        good = path.read_bytes()
        for content in (b"", b"\0\xff garbage", good[:-5], b"{ Version = 2; }"):
            with self.subTest(content=content):
                path.write_bytes(content)
                result = self.apply()
                self.assertIn(f"error: ", result.err)
                self.assertIn(str(path), result.err)
                self.assertHeldBy("eth2", FLOATING)
        self.rebind(FLOATING, "--to", "eth2")
        self.assertEqual(path.read_bytes(), good)
        self.assertEqual(self.apply().err, "")

    def test_a_damaged_file_without_a_copy_stops_before_any_change(self):
        self.apply(TWO)
        folder = Path(self.vpc.folder, "lib")
        folder.mkdir(exist_ok=True)
        path = folder / "bindings.plist"
        path.write_text("{ Version = 1; Leases = ( ); }", encoding="utf-8")
        self.host.ip(f"addr del {FLOATING}/24 dev eth1")
        before = self.host.dump()
        for words in (["apply"], ["plan"], ["rebind", FLOATING, "--to", "eth2"]):
            result = self.rtsetup(*words, expect=74)
            self.assertIn(f"{path}:1:16: error: unknown key 'Leases'", result.err)
            self.assertIn(f"rm {path}", result.err)
        self.assertSameDump(before)
        path.chmod(0o666)
        self.assertIn("can be written by", self.rtsetup("apply", expect=74).err)
        path.unlink()
        self.apply()
        self.assertHeldBy("eth1", FLOATING)

    def test_a_full_disk_changes_nothing(self):
        self.apply(TWO)
        self.rebind(FLOATING6, "--to", "eth2")
        folder = f"{self.vpc.folder}/lib"
        script = (f"cp -r {folder} {folder}.kept; mount -t tmpfs -o size=16k none {folder}; "
                  f"cp {folder}.kept/* {folder}; head -c 99999 /dev/zero >{folder}/ballast || true; "
                  'exec "$@"')
        result = self.refused(
            FLOATING, "--to", "eth2", expect=74,
            prefix=["unshare", "--mount", "sh", "-ec", script, "sh"])
        self.assertIn("No space left on device", result.err)

    def test_a_binding_to_what_left_the_file_is_passed_over(self):
        self.apply(TWO)
        self.rebind(FLOATING, "--to", "eth2")
        result = self.apply(file(ETH0, eth(1, floating(FLOATING + "/24"))))
        self.assertHeldBy("eth1", FLOATING)
        self.assertIn("rtsetup rebind 10.0.0.30 --to eth1", result.err)
        result = self.apply(file(ETH0, eth(1)))
        self.assertIn("rtsetup rebind 10.0.0.30 --release", result.err)
        self.rebind(FLOATING, "--release")
        self.assertEqual(self.apply().err, "")

    def test_a_binding_that_the_file_no_longer_allows_is_passed_over(self):
        for more, words in (("ActivationPolicy = down;", "held down by its ActivationPolicy"),
                            ("Managed = NO;", "Managed = NO")):
            with self.subTest(more):
                self.apply(TWO)
                self.rebind(FLOATING, "--to", "eth2")
                second = eth(2, more=more) if "down" in more else "Name = eth2; Managed = NO;"
                result = self.apply(
                    file(ETH0, eth(1, floating(FLOATING + "/24")), second))
                self.assertIn(f"passed over: eth2 is {words}; forget it: "
                              "rtsetup rebind 10.0.0.30 --to eth1", result.err)
                self.assertHeldBy("eth1", FLOATING)
                self.assertIn("@ binding 10.0.0.30/24 bound here\n", self.rtsetup("status").out)
                self.assertNothingToDo()
                self.rebind(FLOATING, "--to", "eth1")
                self.assertNotIn("passed over", self.apply().err)

    def test_an_address_bound_to_what_is_on_another_subnet_now_is_told(self):
        self.apply(TWO)
        self.rebind(FLOATING, "--to", "eth2")
        result = self.apply(file(
            ETH0, eth(1, floating(FLOATING + "/24")),
            'Name = eth2; Addresses = ( "10.0.9.9/24" ); Gateway = "10.0.9.1"; Table = 1002;'))
        self.assertIn("10.0.0.30 is bound to eth2, but eth2 is not on the subnet 10.0.0.0/24",
                      result.err)
        self.rebind(FLOATING, "--to", "eth1")
        self.assertNotIn("10.0.0.30", self.apply().err)

    def test_two_callers_at_once(self):
        self.apply(TWO)
        for _ in range(2 if QUICK else 5):
            both = [self.start("rebind", FLOATING, FLOATING6, "--to", name)
                    for name in ("eth1", "eth2")]
            for child in both:
                self.assertEqual(child.wait(timeout=20), 0, child.stderr.read())
            names = holders(self.host, FLOATING)
            self.assertEqual(len(names), 1)
            self.assertHeldBy(names[0])
            self.assertNothingToDo()

    def test_an_absent_target_keeps_its_address(self):
        self.apply(TWO)
        self.rebind(FLOATING, "--to", "eth2")
        self.vpc.cloud.ip("link del port2")
        self.apply()
        self.assertHeldBy(None, FLOATING)


class Replacement(Rebinding):
    def test_a_whole_eni_is_replaced(self):
        old, new = (self.vpc.nics[name].mac for name in ("eth1", "eth2"))
        text = file(ETH0, eth(1, floating(FLOATING + "/24")).replace(
            "Name = eth1", f'MACAddress = "{old}"').replace("Table = 1001;", ""))
        self.vpc.grant("eth2", "10.0.0.20", "2001:db8:0:1::20")
        self.apply(text)
        rules = self.host.rules()
        self.refused("--replace", old, "--with", "02:00:00:00:00:99")
        self.refused("--replace", "02:00:00:00:00:99", "--with", new)
        result = self.rebind("--replace", old, "--with", new, "--format", "json").json
        self.assertEqual({a["address"] for a in result["announced"]},
                         {"10.0.0.20", FLOATING, "2001:db8:0:1::20"})
        self.assertHeldBy("eth2", FLOATING, "10.0.0.20", "2001:db8:0:1::20")
        self.assertIn("@ binding 10.0.0.30/24 bound here\n", self.rtsetup("status").out)
        self.assertEqual(self.host.rules(), rules, "the table has another number")
        with Capture(self.vpc) as capture:
            self.assertProbe("10.0.0.20", PEER, capture, port="port2")
        self.assertNothingToDo()
        self.rebind("--replace", old, "--with", new)
        self.rebind("--replace", new, "--with", old)
        self.assertHeldBy("eth1", FLOATING, "10.0.0.20")
        self.assertNothingToDo()
        # Home again without the other NIC, which another host may have by now.
        self.rebind("--replace", old, "--with", new)
        self.host.sysctl("net.ipv6.neigh.eth1.retrans_time_ms", 1000)
        self.host.ip("link del eth2")
        result = self.rebind("--replace", new, "--with", old, "--format", "json")
        self.assertEqual(result.err, "")
        self.assertIn("2001:db8:0:1::20", {a["address"] for a in result.json["announced"]})
        held = next(a for a in self.host.show("addr show dev eth1")[0]["addr_info"]
                    if a["local"] == "2001:db8:0:1::20")
        self.assertNotIn("tentative", held)
        self.assertNothingToDo()


class Announcements(Rebinding):
    def sniff(self):
        tap = self.vpc.peers["a"].socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        tap.bind(("eth0", 3))
        tap.setblocking(False)
        self.addCleanup(tap.close)
        return tap

    def heard(self, tap, address):
        """The announcements of an address: kind, MAC address, time."""
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                data = tap.recv(65536)
                kind, = struct.unpack_from("!H", data, 12)
                if (kind == 0x0806 and ":" not in address
                        and data[28:32] == data[38:42] == socket.inet_aton(address)):
                    operation, = struct.unpack_from("!H", data, 20)
                    found.append(({1: "request", 2: "reply"}[operation], data[22:28].hex(":")))
                    self.assertEqual(data[6:12], data[22:28])
                    self.assertEqual(data[:6], b"\xff" * 6)
                if (kind == 0x86DD and ":" in address and data[20] == 58 and data[54] == 136
                        and data[62:78] == socket.inet_pton(socket.AF_INET6, address)):
                    self.assertEqual((data[21], data[58], data[78:80]), (255, 0x20, b"\2\1"))
                    self.assertEqual(data[22:38], data[62:78])
                    found.append(("advertisement", data[80:86].hex(":")))
        return found

    def test_both_families_in_all_forms_as_often_as_asked(self):
        self.apply(TWO)
        time.sleep(1.5)  # apply itself has announced them, too
        mac = self.vpc.nics["eth2"].mac
        tap = self.sniff()
        self.rebind(FLOATING, "--to", "eth2")
        time.sleep(0.05)
        self.assertEqual(self.heard(tap, FLOATING)[:2], [("request", mac), ("reply", mac)])
        time.sleep(1.5)
        self.assertEqual(self.heard(tap, FLOATING), 2 * [("request", mac), ("reply", mac)])
        for count in (0, 1, 4):
            name = "eth1" if holders(self.host, FLOATING6) == ["eth2"] else "eth2"
            self.rebind(FLOATING6, "--to", name, "--announce", str(count))
            time.sleep(0.2 * count + 0.5)
            self.assertEqual(
                self.heard(tap, FLOATING6), count * [("advertisement", self.vpc.nics[name].mac)])

    def test_the_child_stops_when_the_address_has_left(self):
        self.apply(TWO)
        tap = self.sniff()
        self.rebind(FLOATING, "--to", "eth2", "--announce", "20")
        self.rebind(FLOATING, "--to", "eth1", "--announce", "1")
        time.sleep(1.5)
        self.heard(tap, FLOATING)
        time.sleep(1.0)
        self.assertEqual(self.heard(tap, FLOATING), [])

    def test_a_caller_that_waits_for_the_pipe_is_not_held_up(self):
        self.apply(TWO)
        begin = time.monotonic()
        self.rebind(FLOATING, "--to", "eth2", "--announce", "50")
        self.assertLess(time.monotonic() - begin, 5)
        self.rebind(FLOATING, "--release")

    def test_one_that_fails_is_a_warning(self):
        self.apply(TWO)
        no_raw = ["capsh", "--drop=cap_net_raw", "--", "-c", 'exec "$@"', "sh"]
        result = self.rebind(FLOATING, "--to", "eth2", prefix=no_raw)
        self.assertIn("10.0.0.30 was not announced on eth2", result.err)
        self.assertHeldBy("eth2", FLOATING)


class Stream:
    """A 1 kHz ping and a TCP stream each way between a peer and an address of the host."""

    def __init__(self, case, seconds, address):
        peer, host = case.vpc.peers["a"], case.host
        self._ends = peer, host
        quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        peer.run("ping", "-c", "1", "-W", "2", address)
        self._ping = peer.start("ping", "-q", "-i", "0.001", "-w", str(int(seconds) + 60), address,
                                **quiet)
        self._server = peer.start("iperf3", "--server", "--one-off", **quiet)
        time.sleep(0.3)
        self._iperf = host.start(
            "iperf3", "--client", PEERS["a"][":" in address], "--bind", address, "--time", str(int(seconds)),
            "--bidir", "--bitrate", "20M", **quiet)
        time.sleep(0.5)

    def end(self):
        """How many pings were sent and lost, how many segments were sent again, and for how many
        of those the receiver had no use (DSACK): a busy machine sends again what is only late.
        """
        self._iperf.communicate(timeout=120)
        self._ping.send_signal(signal.SIGINT)
        text = self._ping.communicate(timeout=10)[0]
        sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+) received", text)
                             .groups())
        again, needless = (sum(self._counter(space, name) for space in self._ends)
                           for name in ("TcpRetransSegs", "TcpExtTCPDSACKRecv"))
        return sent, sent - received, again, needless

    @staticmethod
    def _counter(space, name):
        return int(space.run("nstat", "-asz", name).stdout.split()[-2])


class WithoutLoss(Rebinding):
    MOVES = 10 if QUICK else 100

    def moved(self, move, rp_filter, moves, address=FLOATING):
        for name in ("eth1", "eth2"):
            self.host.sysctl(f"net.ipv4.conf.{name}.rp_filter", rp_filter)
        stream = Stream(self, moves * 0.3 + 2, address)
        for number in range(moves):
            move(("eth1", "eth2")[number % 2], ("eth2", "eth1")[number % 2], address)
            time.sleep(0.1)
        sent, lost, again, needless = stream.end()
        print(f"\n  {moves} moves of {address}, rp_filter {rp_filter}, {move.__name__}: {lost} of {sent} pings "
              f"lost, {again} segments sent again, {needless} of them without need", flush=True)
        return lost, again - needless

    def by_rebind(self, _, new, address):
        self.rebind(address, "--to", new)

    def break_before_make(self, old, new, address):
        """What people do by hand, in the order that suggests itself."""
        self.host.ip(f"addr del {address}/24 dev {old}",
                     f"rule del from {address} lookup {1000 + int(old[-1])}",
                     f"addr add {address}/24 dev {new}",
                     f"rule add from {address} lookup {1000 + int(new[-1])} priority 20001")
        self.host.run("arping", "-q", "-U", "-c", "1", "-I", new, address, check=False)

    def test_off_and_loose_lose_nothing(self):
        self.apply(TWO)
        for rp_filter in (0, 2):
            with self.subTest(rp_filter=rp_filter):
                self.assertEqual(self.moved(self.by_rebind, rp_filter, self.MOVES), (0, 0))

    def test_ipv6_loses_nothing(self):
        self.apply(TWO)
        self.assertEqual(self.moved(self.by_rebind, 0, self.MOVES, FLOATING6), (0, 0))

    def test_strict_loses_at_most_one_a_move(self):
        self.apply(TWO)
        lost, _ = self.moved(self.by_rebind, 1, self.MOVES)
        self.assertLessEqual(lost, self.MOVES)

    def test_break_before_make_fails_the_same_test(self):
        self.apply(TWO)
        lost, _ = self.moved(self.break_before_make, 0, 10)
        self.assertGreaterEqual(lost, 10)


class Killed(test_crash.Killing, Rebinding):
    """What the next apply ends in is one of the two whole states."""

    def test_at_every_step(self):
        self.apply(TWO)
        home = self.dump()
        self.rebind(FLOATING, FLOATING6, "--to", "eth2", "--announce", "0")
        away = self.dump()
        ends = set()

        def prepare():
            self.rebind(FLOATING, FLOATING6, "--to", "eth1", "--announce", "0")

        def judge():
            self.apply()
            name = holders(self.host, FLOATING)[0]
            ends.add(name)
            self.assertHeldBy(name)
            self.assertSameDump({"eth1": home, "eth2": away}[name], after=self.dump())
            self.assertNothingToDo()

        self.sweep(["rebind", FLOATING, FLOATING6, "--to", "eth2"], prepare, judge)
        if not QUICK:
            self.assertEqual(ends, {"eth1", "eth2"})


if __name__ == "__main__":
    main()
