"""`watch` among others: random faults for as long as one likes, and systemd-networkd."""

import contextlib
import json
import os
import random
import shutil
import subprocess
import time
import unittest
from ipaddress import ip_interface, ip_network
from pathlib import Path

from case import FOUR, GUIDE, main
from namespace import differences
from vpc import Capture
from watching import Watching

# Ten minutes are the acceptance: RTSETUP_WATCH_SECONDS=600.
SECONDS = float(os.environ.get("RTSETUP_WATCH_SECONDS", "10"))
NETWORKD = "/lib/systemd/systemd-networkd"


class RandomFaults(Watching):
    """Deletes, flaps, flushes, unplugging and foreign additions, in a seeded order."""

    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("RTSETUP_SEED", random.randrange(1 << 30)))
        self.random = random.Random(self.seed)
        self.away = set()

    def attempt(self, *words):
        """What somebody does, whether it still makes sense or not."""
        self.host.run("ip", *words, check=False)

    def faults(self):
        nic = self.random.choice(("eth1", "eth2", "eth3"))
        table = str(1000 + int(nic[-1]))
        family = self.random.choice(("-4", "-6"))
        return {
            "rule": lambda: self.attempt(
                family, "rule", "del", "priority", self.random.choice(("20000", "20001", "25001"))),
            "rules": lambda: self.attempt(family, "rule", "flush", "protocol", "82"),
            "kernel's rule": lambda: self.attempt(family, "rule", "del", "priority", "32766"),
            "table": lambda: self.attempt(family, "route", "flush", "table", table),
            "default": lambda: self.attempt(family, "route", "del", "default", "table", table),
            "connected": lambda: self.attempt("route", "flush", "dev", nic, "proto", "kernel"),
            "addresses": lambda: self.attempt(family, "addr", "flush", "dev", nic, "scope", "global"),
            "address": lambda: self.attempt(
                "addr", "del", f"10.0.1.{self.random.randrange(20, 41)}/24", "dev", "eth3"),
            "group": lambda: self.attempt("link", "set", nic, "group", "0"),
            "down": lambda: self.attempt("link", "set", nic, "down"),
            "flap": lambda: (self.attempt("link", "set", nic, "down"),
                             self.attempt("link", "set", nic, "up")),
            "unplug": lambda: self.unplug(nic),
            "plug": self.plug,
            "foreign rule": lambda: self.attempt(
                "rule", "add", "from", f"192.0.2.{self.random.randrange(1, 250)}", "lookup", "7",
                "priority", str(self.random.randrange(26000, 30000))),
            "foreign route": lambda: self.attempt(
                "route", "replace", f"203.0.113.{self.random.randrange(1, 250)}", "dev", "lo",
                "table", "77"),
            "foreign address": lambda: self.attempt(
                "addr", "replace", f"198.18.0.{self.random.randrange(1, 250)}/32", "dev", "lo"),
        }

    def unplug(self, nic):
        if nic not in self.away:
            self.away.add(nic)
            self.attempt("link", "del", nic)

    def plug(self):
        for nic in sorted(self.away):
            self.vpc._attach(self.vpc.nics[nic])
        self.away.clear()

    def foreigners(self):
        """What others made, as they made it."""
        return (sorted(r for r in self.host.rules() if "192.0.2." in r),
                self.host.routes(table="77"),
                [a for a in self.host.addresses("-4") if "198.18.0." in a[1]])

    def withoutOrder(self, dump):
        """Which of a subnet's addresses is its primary stays as the faults have left it; but it is
        the source of each of the kernel's routes to that subnet."""
        addresses = [(name, json.loads(address)) for name, address in dump["addresses"]]
        primaries = {
            (name, address["local"]): ip_interface(f"{address['local']}/{address['prefixlen']}")
            for name, address in addresses
            if address["family"] == "inet" and not address.get("secondary")}
        routes = [json.loads(route) for route in dump["routes4"]]
        for route in routes:
            if route.get("protocol") == "kernel":
                primary = primaries.get((route["dev"], route.pop("prefsrc")))
                self.assertTrue(primary and ip_network(route["dst"]).subnet_of(primary.network),
                                (route, primary, self.seed))
        for _, address in addresses:
            address.pop("secondary", None)
        return dump | {
            "addresses": sorted((name, json.dumps(address, sort_keys=True))
                                for name, address in addresses),
            "routes4": sorted(json.dumps(route, sort_keys=True) for route in routes),
            "rules4": sorted(dump["rules4"]), "rules6": sorted(dump["rules6"])}

    def untilSettled(self):
        """Within a second, or when that is over for which what is undone too often waits."""
        with contextlib.suppress(AssertionError):
            return self.untilWhole(1), ""
        hold = self.hold() or ""
        self.assertIn("it is left alone for another", hold, self.said)
        return 1 + self.untilWhole(61), f" ({hold})"

    def test_it_ends_as_a_fresh_apply_and_others_keep_what_is_theirs(self):
        self.watch(text=FOUR)
        for kind in ("rule", "route", "address"):
            self.faults()[f"foreign {kind}"]()
        end = time.monotonic() + SECONDS
        count, kept, first = 0, self.foreigners(), None
        while time.monotonic() < end:
            faults = self.faults()
            name = self.random.choice(sorted(faults))
            faults[name]()
            count += 1
            if name.startswith("foreign"):
                kept = self.foreigners()
            else:
                self.assertEqual(self.foreigners(), kept, f"seed {self.seed}: after {name}")
            time.sleep(self.random.choice((0, 0.02, 0.1, 0.4)))
            first = first or (self.rss() if count > 20 else None)
        self.plug()
        took, waited = self.untilSettled()
        self.host.settle()
        time.sleep(0.5)
        self.untilWhole()
        rss = self.rss()
        found = self.host.dump()
        self.assertEqual(self.foreigners(), kept)
        self.stop()
        # A fresh apply: everything away, and the same file once more.
        self.teardown()
        self.apply()
        fresh = self.host.dump()
        self.assertEqual(differences(self.withoutOrder(fresh), self.withoutOrder(found)), [],
                         f"seed {self.seed}\n{self.said}")
        print(f"{count} faults in {SECONDS:.0f} s (seed {self.seed}), "
              f"{self.said.count('repaired in')} repairs, whole {took:.1f} s after the last{waited}, "
              f"resident {first} KiB and in the end {rss} KiB", flush=True)
        self.assertLess(rss, 25 << 10)
        with Capture(self.vpc) as capture:
            self.assertLaw(capture, ["10.0.0.19", "10.0.0.20", "10.0.0.21", "10.0.1.40",
                                     "2001:db8:0:1::20", "2001:db8:0:2::21"])


@unittest.skipUnless(os.access(NETWORKD, os.X_OK), "needs systemd-networkd: scripts/setup test")
class Networkd(Watching):
    """It takes every rule that it has not made whenever it configures a link (systemd#19106)."""

    CONFIG = """
        [Match]
        Name=spare*
        [Network]
        Address=192.0.2.1/24
        LinkLocalAddressing=no
        IPv6AcceptRA=no
        """

    def networkd(self, log):
        folder = self.vpc.folder
        Path(folder, "spare.network").write_text(
            "".join(line.strip() + "\n" for line in self.CONFIG.splitlines()), encoding="utf-8")
        return self.host.start(
            "unshare", "--mount", "--propagation", "private", "sh", "-ec", f"""
            mount -t tmpfs none /run
            mount -t sysfs -o ro none /sys
            mkdir -p /run/systemd/network /run/systemd/netif/links \
                     /run/systemd/netif/leases /run/systemd/netif/lldp
            cp {folder}/spare.network /run/systemd/network/
            chown -R systemd-network /run/systemd/netif
            exec env SYSTEMD_LOG_LEVEL=debug {NETWORKD} 2>{log}""",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def test_what_it_deletes_is_back_within_a_second_and_status_names_it(self):
        self.watch(text=GUIDE)
        for number in range(2):
            with self.subTest(restart=number):
                log = Path(self.vpc.folder, f"networkd-{number}.log")
                networkd = self.networkd(log)
                self.until(lambda: log.exists() and log.read_text().count(
                    "Remembering foreign routing policy rule") >= 8, "look at the rules", 15)
                self.host.ip(f"link add spare{number} type veth peer name reraps{number}")
                self.until(lambda: "Removing foreign routing policy rule" in log.read_text(),
                           "deletion", 15)
                took = self.untilWhole()
                print(f"what networkd deleted was back after {took * 1000:.0f} ms", flush=True)
                self.assertLess(took, 3)
                culprit = f"systemd-network (process {networkd.pid}) undid rule"
                self.until(lambda: culprit in self.rtsetup("status", "--format", "json").warnings(),
                           culprit)
                networkd.terminate()
                networkd.wait()
        self.assertIn("undone by systemd-network", self.said)
        with Capture(self.vpc) as capture:
            self.assertLaw(capture, ["10.0.0.19", "10.0.0.20", "10.0.0.21"])


if __name__ == "__main__":
    main()
