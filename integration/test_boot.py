"""The package on a Debian guest: its whole life, boots, a broken file, ENIs that come and go, power
cuts. Each takes the disk as the package's life has left it; the figures are printed."""

import functools
import itertools
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from case import QUICK, ROOT, main
from debian import Debian, GuestVPC, image, overlay
from vpc import Capture

FILE = """
{
    Version = 1;
    Interfaces = (
        { MACAddress = "00:16:3e:12:e7:00"; Primary = YES; Addressing = external; },
        { MACAddress = "00:16:3e:12:e7:01"; Addresses = ( "10.0.0.20/24", "10.0.0.30/24",
              "2001:db8:0:1::20/64" ); Gateway = ( "10.0.0.253", "2001:db8:0:1::ff" );
          Table = 1001; RouteMetric = 1001; Queues = { Channels = max; RPS = auto; }; },
        { MACAddress = "00:16:3e:12:e7:02"; Addresses = ( "10.0.0.21/24" ); Gateway = "10.0.0.253";
          Table = 1002; RouteMetric = 1002;
          Queues = { Channels = 1; ShrinkChannels = YES; RPS = auto; }; },
        { MACAddress = "00:16:3e:12:e7:03"; Addresses = ( "10.0.1.20/24" ); Gateway = "10.0.1.253";
          Table = 1003; RouteMetric = 1003; }
    );
}
"""
PLACE = "/etc/rtsetup/rtsetup.plist"
CONFFILE = "/etc/iproute2/rt_protos.d/rtsetup.conf"
UNITS = ("rtsetup.service", "rtsetup-watch.service")
CUTS = 10
LANES = 2
BOOTS = 3
# Everything that a person sees of the network, without what passes by itself.
NETWORK = ("for f in -4 -6; do ip -N $f rule; ip -N $f route show table all | "
           "sed 's/ expires [0-9]*sec//'; done; ip -o addr | sed 's/ *valid_lft.*//'; "
           "grep . /proc/sys/net/ipv4/conf/*/arp_ignore")
FILES = ("find /etc /run /usr/sbin /usr/lib/systemd /usr/share /var -name '*rtsetup*' "
         "-not -path '/run/systemd/*'")


def setUpModule():
    if QUICK:
        raise unittest.SkipTest("guests: not with --quick")
    if os.geteuid() != 0:
        raise RuntimeError("integration tests make network namespaces: run them as root")


def load_tests(_loader, tests, _pattern):
    """unittest's protocol; not called for a class by its name."""
    PowerCut.wanted = any(isinstance(test, PowerCut) for case in tests for test in case)
    return tests


def tearDownModule():
    if world.cache_info().currsize:
        world().close()


@dataclass
class Figures:
    """Seconds of one boot: userspace as a whole, what each unit took to start, and for how much of
    that rtsetup.service waited until udev had named the NICs."""

    whole: float
    networkd: float
    apply: float
    watch: float
    wait: float

    def share(self, wait=0.0):
        """Of networkd's start."""
        return (self.apply - wait + self.watch) / self.networkd


class World:
    """What the guests of this file share: a VPC, the packages, disks, and the figures."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="rtsetup-boot-"))
        self.vpc = GuestVPC()
        self.boots = {"without": [], "with": []}
        self.failure = None
        self._disks = itertools.count()
        self.pool = ThreadPoolExecutor(LANES)
        self._moment = threading.Lock()

    def close(self):
        self.pool.shutdown(cancel_futures=True)
        self.vpc.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def disk(self, backing):
        return overlay(backing, self.folder / f"{next(self._disks)}.qcow2")

    def guest(self, backing, **options):
        return Debian(self.vpc, self.disk(backing), **options)

    def boot(self, kind, backing, **options):
        """A whole boot, and its figures."""
        guest = self.guest(backing, **options)
        try:
            state = guest.settle()
            if state != "running":
                failed = guest.shell("systemctl --failed; journalctl -b --no-pager -p err; "
                                     "journalctl -b --no-pager -u rtsetup").out
                raise RuntimeError(f"the guest is {state}\n{failed}")
            self.boots[kind].append(Figures(
                guest.seconds_between("UserspaceTimestampMonotonic", "FinishTimestampMonotonic"),
                *(guest.seconds_between("InactiveExitTimestampMonotonic",
                                        "ActiveEnterTimestampMonotonic", unit)
                  for unit in ("systemd-networkd.service", *UNITS)),
                max(0.0, self.named(guest) - guest.moment(
                    "InactiveExitTimestampMonotonic", UNITS[0])) if kind == "with" else 0.0))
        except BaseException:
            guest.close()
            raise
        return guest

    @staticmethod
    def named(guest):
        """When udev wrote down the last of the NICs, in seconds of the boot."""
        now, up, *written = guest.shell(
            "date +%s.%N; cut -d' ' -f1 /proc/uptime; stat -c %.6Y /run/udev/data/n*").out.split()
        return max(map(float, written)) - float(now) + float(up)

    @functools.cached_property
    def payload(self):
        """The built package, and an older build of it whose conffile says something else; packed
        again without the compression that a guest would need ten seconds to undo."""
        packages = sorted((ROOT / ".build-package").glob("rtsetup_*.deb"))
        if len(packages) != 1:
            raise RuntimeError(f"one package is wanted, here are {packages}: scripts/package")
        tree, files = self.folder / "tree", self.folder / "payload"
        files.mkdir()
        subprocess.run(["dpkg-deb", "--raw-extract", packages[0], tree], check=True)
        _pack(tree, files / "rtsetup.deb")
        control = tree / "DEBIAN/control"
        control.write_text(re.sub(r"(?m)^Version: .*", "Version: 0.0.1", control.read_text()))
        (tree / CONFFILE[1:]).write_text("82 rtsetup # as it was once\n")
        _pack(tree, files / "older.deb")
        disk = self.folder / "payload.ext4"
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", files, disk, "150M"], check=True,
                       stdout=subprocess.DEVNULL)
        return disk

    @functools.cached_property
    def life(self):
        """The package's life, played once; what it leaves is the disk of every other test."""
        if self.failure:
            raise RuntimeError(f"as told before: {self.failure}")
        try:
            return PackageLife(self)
        except Exception as failure:
            self.failure = str(failure)
            raise

    @property
    def moment(self):
        """A disk that has kept the moment before anything of the network is started."""
        with self._moment:  # BrokenFile and the power cuts, which are not in one thread, want it
            return self._kept

    @functools.cached_property
    def _kept(self):
        disk = self.disk(self.life.disk)
        with GuestVPC() as vpc, Debian(vpc, disk, line="systemd.unit=basic.target") as guest:
            guest.settle()
            guest.keep("basic")
        return disk


@functools.cache
def world():
    return World()


class PackageLife:
    """Install, upgrade, remove, purge: what was seen at each step."""

    def __init__(self, world):
        self.seen = {}
        self.begin = time.monotonic()
        self.guest = world.boot("without", image(), payload=world.payload)
        try:
            self.guest.run("mount", "--read-only", "/dev/vdb", "/mnt")
            self.await_addresses()
            self.look("before")
            self.apt("install", "/mnt/older.deb")
            self.guest.run("systemctl", "start", *UNITS)  # without a file: nothing, and no failure
            self.look("installed")
            self.guest.shell(f"echo '# the operator' >>{CONFFILE}")
            self.guest.write(PLACE, FILE)
            self.start()
            self.look("configured")
            self.apt("install", "/mnt/rtsetup.deb")
            self.look("upgraded")
            self.disk = self.guest.copy_disk(world.folder / "installed.qcow2")
            self.apt("remove", "rtsetup")
            self.look("removed")
            self.apt("purge", "rtsetup")
            self.look("purged")
        finally:
            self.guest.close()

    def start(self):
        """With a file; the addresses are usable when it returns."""
        started = self.guest.run("systemctl", "start", *UNITS, check=False)
        if started.code != 0:
            raise RuntimeError(self.guest.shell(
                "journalctl -b --no-pager --output=cat -u " + " -u ".join(UNITS)).out)
        self.await_addresses()

    def await_addresses(self):
        self.guest.wait(lambda: not self.guest.run("ip", "-6", "addr", "show", "tentative").out,
                        "end of duplicate address detection")

    def apt(self, *words):
        """As unattended-upgrades does: what the operator changed stays."""
        self.guest.shell(
            "DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes "
            "-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "
            + " ".join(words), timeout=240)

    def look(self, name):
        shell = functools.partial(self.guest.shell, check=False)
        self.seen[name] = {
            "network": shell(NETWORK).out,
            "failed": shell("systemctl --failed --plain --no-legend").out,
            "active": shell(f"systemctl is-active {' '.join(UNITS)}").out.split(),
            "enabled": shell(f"systemctl is-enabled {' '.join(UNITS)}").out.split(),
            "watch": shell("systemctl show --value --property=MainPID rtsetup-watch").out.strip(),
            "version": shell("dpkg-query --show --showformat='${Version}' rtsetup").out,
            "conffile": shell(f"cat {CONFFILE}").out,
            "files": shell(FILES).out.split() if name in ("removed", "purged") else None,
        }
        report(f"{time.monotonic() - self.begin:.1f} s: {name}")


def _pack(tree, package):
    subprocess.run(["dpkg-deb", "--build", "-Znone", tree, package], check=True,
                   stdout=subprocess.DEVNULL)


class GuestCase(unittest.TestCase):
    maxDiff = None

    def assertAnswered(self, guest, *addresses):
        """From outside: each by its own NIC; what comes out of another one the cloud drops."""
        vpc = guest.vpc
        with Capture(vpc) as capture, ThreadPoolExecutor(len(addresses)) as pool:
            tags = {address: os.urandom(8) for address in addresses}
            pinged = list(pool.map(lambda address: vpc.inet.run(
                "ping", "-c3", "-i0.3", "-W5", "-p", tags[address].hex(), address, check=False),
                addresses))
            capture.drain()
            for (address, tag), ping in zip(tags.items(), pinged):
                ports = {p.port for p in capture.packets
                         if tag in p.payload and p.source == address}
                self.assertEqual(ports, {vpc.owner(address)}, f"{address}: {ping.stdout}")
            self.assertEqual(capture.violations(), [])

    def assertConfigured(self, guest, *addresses):
        plan = guest.run("rtsetup", "plan", "--detailed-exitcode", check=False)
        self.assertEqual(plan.code, 0, plan.text)
        rules = {rule["src"]: rule["table"] for rule in guest.show("-4 rule show")
                 if rule["priority"] == 20001}
        self.assertEqual(sorted(rules), sorted(addresses))
        return rules


class Package(GuestCase):
    def test_nothing_of_the_network_changes_in_all_its_life(self):
        seen = world().life.seen
        self.assertEqual(seen["installed"]["network"], seen["before"]["network"])
        self.assertNotEqual(seen["configured"]["network"], seen["before"]["network"])
        for name in ("upgraded", "removed", "purged"):
            with self.subTest(name):
                self.assertEqual(seen[name]["network"], seen["configured"]["network"])
                self.assertEqual(seen[name]["failed"], "")

    def test_a_fresh_install_without_a_file_has_no_failed_unit(self):
        seen = world().life.seen["installed"]
        self.assertEqual(seen["failed"], "")
        self.assertEqual(seen["active"], ["inactive", "inactive"])
        self.assertEqual(seen["enabled"], ["enabled", "enabled"])

    def test_an_upgrade_keeps_a_changed_conffile_and_restarts_watch(self):
        before, after = world().life.seen["configured"], world().life.seen["upgraded"]
        self.assertEqual(before["version"], "0.0.1")
        self.assertNotEqual(after["version"], "0.0.1")
        self.assertIn("# the operator", after["conffile"])
        self.assertEqual(after["active"], ["active", "active"])
        self.assertNotEqual(after["watch"], before["watch"])

    def test_removal_stops_watch_and_purge_leaves_nothing(self):
        removed, purged = world().life.seen["removed"], world().life.seen["purged"]
        self.assertEqual(removed["active"], ["inactive", "inactive"])
        self.assertIn(CONFFILE, removed["files"])
        self.assertIn(PLACE, removed["files"])
        self.assertEqual(purged["files"], [])


class Boot(GuestCase):
    @classmethod
    def setUpClass(cls):
        cls.guest = world().boot("with", world().life.disk)
        cls.addClassCleanup(cls.guest.close)
        if PowerCut.wanted:
            PowerCut.lanes()  # beside these tests, which mostly wait

    def show(self, unit, name):
        return self.guest.run(
            "systemctl", "show", "--value", f"--property={name}", unit).out.strip()

    def test_1_the_host_is_as_the_file_says(self):
        guest = self.guest
        guest.wait(lambda: "10.0.0.19" in guest.run("ip", "rule").out, "rule of the lease")
        self.assertEqual(guest.settle(), "running")
        done = int(self.show("rtsetup.service", "ActiveEnterTimestampMonotonic"))
        target = int(self.show("network.target", "ActiveEnterTimestampMonotonic"))
        self.assertLess(0, done)
        self.assertLessEqual(done, target)
        tables = self.assertConfigured(guest, "10.0.0.19", "10.0.0.20", "10.0.0.30", "10.0.0.21")
        self.assertEqual(tables["10.0.0.20"], "1001")
        defaults = {route["dev"]: route.get("metric", 0)
                    for route in guest.show("-4 route show default")}
        self.assertEqual(defaults, {guest.link("eth0"): 100, guest.link("eth1"): 1001,
                                    guest.link("eth2"): 1002})
        self.assertEqual({entry["local"] for link in guest.show(f"addr show {guest.link('eth1')}")
                          for entry in link["addr_info"] if entry["scope"] == "global"},
                         {"10.0.0.20", "10.0.0.30", "2001:db8:0:1::20"})
        self.assertAnswered(guest, "10.0.0.19", "10.0.0.20", "10.0.0.30", "10.0.0.21",
                            "2001:db8:0:1::20")
        # A queue for each of the two CPUs; one queue for both.
        self.assertEqual(self.queues("eth1"), (2, ["0", "0"]))
        self.assertEqual(self.queues("eth2"), (1, ["3"]))
        report(guest.shell("systemd-analyze; systemd-analyze critical-chain --no-pager "
                           "network.target rtsetup.service rtsetup-watch.service; "
                           "journalctl -b -u rtsetup -u rtsetup-watch --no-pager -o short-monotonic"
                           ).out)

    def queues(self, name):
        """Channels, and the RPS mask of each receive queue."""
        link = self.guest.link(name)
        channels = re.findall(r"Combined:\s+(\d+)", self.guest.run("ethtool", "-l", link).out)
        masks = self.guest.shell(f"cat /sys/class/net/{link}/queues/rx-*/rps_cpus").out
        return int(channels[-1]), masks.split()

    def test_2_the_units_are_exposed_little(self):
        for unit in UNITS:
            words = self.guest.run("systemd-analyze", "security", "--no-pager", "--threshold=30",
                                   unit, check=False)
            report(words.out.splitlines()[-1])
            self.assertEqual(words.code, 0, words.text)

    def test_3_networkd_restarts_and_leaves_alone_what_is_ours(self):
        guest = self.guest
        guest.run("systemctl", "stop", "rtsetup-watch")
        before = self.network()
        self.restart_networkd()
        # Its own lease it gives up for a moment, and with the last address the kernel takes the
        # NIC's routes out of every table.
        primary = guest.link("eth0")
        self.assertEqual({line for line in before - self.network() if primary not in line}, set())
        guest.run("systemctl", "start", "rtsetup-watch")
        guest.wait(lambda: self.network() == before, "repair of the primary")

        # Without the drop-in it takes away what it did not make: that is why it is there.
        guest.run("systemctl", "stop", "rtsetup-watch")
        drop_in = "/usr/lib/systemd/networkd.conf.d/50-rtsetup.conf"
        guest.run("mv", drop_in, "/run/50-rtsetup.conf")
        self.restart_networkd()
        guest.run("mv", "/run/50-rtsetup.conf", drop_in)
        gone = before - self.network()
        report("without the drop-in networkd takes away:\n" + "\n".join(sorted(gone)))
        self.assertTrue([line for line in gone if "from 10.0.0.20" in line])
        guest.run("systemctl", "start", "rtsetup-watch")
        guest.wait(lambda: self.network() == before, "repair of everything")

    def test_4_an_eni_comes_goes_and_comes_again(self):
        guest = self.guest
        before = guest.shell(NETWORK).out
        for slot in (0x14, 0x16):
            with self.subTest(slot=slot):
                guest.shell("ip -ts monitor link route >/run/monitor 2>&1 & "
                            "echo $! >/run/monitor.pid")
                guest.attach("eth3", slot)
                guest.wait(lambda: "default" in guest.run(
                    "ip", "route", "show", "table", "1003", check=False).out, "route of eth3")
                # What udev does with a new link must not be in the way, nor we in udev's.
                guest.run("udevadm", "settle")
                name = guest.link("eth3")
                self.assertEqual(name, f"ens{slot}")
                monitor = guest.shell("kill $(cat /run/monitor.pid); cat /run/monitor").out
                appeared, named, routed = moments(monitor, name)
                report(f"eth3 in slot {slot} is {name}: udev took {named - appeared:.3f} s, "
                       f"rtsetup then {routed - named:.3f} s")
                self.assertLess(routed - appeared, 2)
                guest.wait(lambda: guest.run("rtsetup", "plan", "--detailed-exitcode",
                                             check=False).code == 0, "settled host")
                self.assertConfigured(guest, "10.0.0.19", "10.0.0.20", "10.0.0.30", "10.0.0.21",
                                      "10.0.1.0")
                self.assertAnswered(guest, "10.0.1.20", "10.0.0.19", "10.0.0.20")
                guest.detach("eth3")
                guest.wait(lambda: guest.link("eth3") is None, "link's end")
                time.sleep(1)
                self.assertNotIn(name, guest.run("ip", "route", "show", "table", "all").out)
                self.assertAnswered(guest, "10.0.0.19", "10.0.0.20", "10.0.0.21")
        lines = set(guest.shell(NETWORK).out.splitlines())
        self.assertEqual(set(before.splitlines()) - lines, set())

    def network(self):
        return set(self.guest.shell(NETWORK).out.splitlines())

    def restart_networkd(self):
        guest = self.guest
        guest.run("systemctl", "restart", "systemd-networkd")
        guest.wait(lambda: "(configured)" in guest.run(
            "networkctl", "status", "--no-pager", guest.link("eth0")).out, "networkd")
        guest.wait(lambda: "10.0.0.19" in guest.run("ip", "addr").out, "lease")


class BrokenFile(GuestCase):
    def test_the_boot_goes_on_and_the_network_is_as_it_was(self):
        broken = FILE.replace("Gateway", "Gatewya", 1)
        with Debian(world().vpc, world().moment, resume="basic") as guest:
            guest.write(PLACE, broken)
            guest.run("systemctl", "start", "multi-user.target", timeout=240)
            target = guest.run("systemctl", "is-active", "multi-user.target", check=False)
            self.assertEqual(target.out, "active\n")
            self.assertEqual(guest.settle(), "degraded")
            failed = guest.shell("systemctl --failed --plain --no-legend").out
            self.assertEqual({line.split()[0] for line in failed.splitlines()}, set(UNITS))
            journal = guest.run("journalctl", "-b", "-u", "rtsetup", "--output=cat").out
            report(journal)
            self.assertRegex(journal, rf"{PLACE}:\d+:\d+: error: unknown key 'Gatewya'")
            self.assertRegex(journal, r"(?m)^ *\^")
            guest.wait(lambda: "10.0.0.19" in guest.run("ip", "addr").out, "lease")
            self.assertEqual(guest.run("ip", "rule").out.count("\n"), 3)
            self.assertAnswered(guest, "10.0.0.19")


class Behind(Debian):
    """Leaves the CPUs to a guest whose time counts."""

    niceness = -10


class PowerCut(GuestCase):
    wanted = False  # with others, which it may begin beside

    def test_the_boot_after_it_is_always_whole(self):
        for lane in self.lanes():
            lane.result()

    @classmethod
    @functools.cache
    def lanes(cls):
        """All of it, begun. One guest keeps little more than one CPU busy."""
        rng = random.Random(os.environ.get("RTSETUP_SEED", time.time()))
        moments = [rng.uniform(0, 1) for _ in range(CUTS)]
        report("power cuts after " + ", ".join(f"{moment:.3f}" for moment in moments) + " s")
        return [world().pool.submit(cls().cut_and_boot, moments[lane::LANES],
                                    world().folder / f"lane{lane}.qcow2")
                for lane in range(LANES)]

    def cut_and_boot(self, moments, disk):
        shutil.copy(world().moment, disk)
        with GuestVPC() as vpc:
            for moment in moments:
                with Behind(vpc, disk, resume="basic") as guest:
                    guest.run("systemctl", "start", "--no-block", "rtsetup.service")
                    time.sleep(moment)
                    guest.cut()
                # Without watch nobody would follow a lease: networkd stays away.
                line = "systemd.unit=basic.target systemd.wants=rtsetup.service " + " ".join(
                    f"systemd.mask=systemd-networkd.{kind}" for kind in ("socket", "service"))
                with Behind(vpc, disk, line=line) as guest:
                    self.assertEqual(guest.settle(), "running", f"cut after {moment} s")
                    self.assertConfigured(guest, "10.0.0.20", "10.0.0.30", "10.0.0.21")


class Time(GuestCase):
    """At most 1 s longer is what is wanted, and emulated, some 50 times slower than hardware, a boot
    is 0.3 to 0.9 s longer where nothing else runs: that is told, since other work on the machine moves
    it by seconds.

    What is judged is a share, which nothing moves much: networkd starts at the same moment, and is
    slowed down by the same: 1.5 to 2.1 was seen. Up to when udev wrote down the last NIC, for which
    networkd does not wait, is about half of rtsetup.service: 0.94 to 1.24 was seen without that.
    """

    def test_a_boot_takes_hardly_longer(self):
        boots = world().boots
        while min(map(len, boots.values())) < BOOTS:
            for kind in sorted(boots):
                disk = image() if kind == "without" else world().life.disk
                world().boot(kind, disk).close()
        for kind, each in boots.items():
            report(f"boots {kind} the package: "
                   + ", ".join(f"{boot.whole:.2f}" for boot in each) + " s")
        shortest = {kind: min(boot.whole for boot in each) for kind, each in boots.items()}
        for boot in boots["with"]:
            self.assertLess(boot.wait, boot.apply, boot)
        report("rtsetup.service: " + ", ".join(
            f"{boot.apply:.2f} s, {boot.wait:.2f} of them for udev" for boot in boots["with"]))
        share = min(boot.share() for boot in boots["with"])
        own = min(boot.share(boot.wait) for boot in boots["with"])
        report(f"longer by {shortest['with'] - shortest['without']:.2f} s (wanted: at most 1), "
               f"load {os.getloadavg()[0]:.1f}; both units take {share:.2f} of networkd's start, "
               f"{own:.2f} without that")
        self.assertLessEqual(share, 2.5)
        self.assertLessEqual(own, 1.6)


def moments(monitor, name):
    """When a new link appeared, when it had its name, and when its default route was
    there, the last thing that the law needs; in seconds."""
    stamps = [(60 * int(minutes) + float(seconds), line) for minutes, seconds, line in re.findall(
        r"\[\S+:(\d+):([\d.]+)\] (.*)", monitor)]
    appeared = next(stamp for stamp, line in stamps if re.match(r"\d+: ", line))
    named = next(stamp for stamp, line in stamps if re.match(rf"\d+: {name}:", line))
    routed = next(stamp for stamp, line in stamps
                  if line.startswith("default") and "table 1003" in line)
    return appeared, named, routed


def report(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
