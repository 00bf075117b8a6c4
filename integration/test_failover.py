"""Failover between two hosts on one bridge: rebind by hand, and keepalived as its caller."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from case import BINARY, QUICK, ROOT, main
from namespace import Namespace
import test_crash

FLOATING, FLOATING6 = "10.0.0.30", "2001:db8:0:1::30"
EXAMPLE = ROOT / "examples/keepalived"


def holders(space, address):
    return [link["ifname"] for link in space.show("addr show")
            for entry in link.get("addr_info", []) if entry.get("local") == address]


class Host:
    """A machine with one ENI, the example's file, and folders of its own."""

    def __init__(self, lan, name, number):
        self.space = lan.namespace(name)
        self.address = f"10.0.0.{number}"
        self.mac = f"02:00:00:00:00:{number}"
        self.port = f"port-{name}"
        lan.link(self.space, "eth0", self.port, self.mac)
        self.folder = Path(lan.folder, name)
        self.folder.mkdir()
        self.config = self.folder / "rtsetup.plist"
        text = (EXAMPLE / "rtsetup.plist").read_text(encoding="utf-8")
        text = text.replace("10.0.0.11/", f"{self.address}/").replace("::11/", f"::{number}/")
        self.config.write_text(text, encoding="utf-8")
        self.config.chmod(0o644)
        self.rtsetup("apply")

    def command(self, *words):
        return [BINARY, *words, "--config", str(self.config), "--state-dir",
                f"{self.folder}/run", "--lib-dir", f"{self.folder}/lib"]

    def rtsetup(self, *words, expect=0):
        done = self.space.run(*self.command(*words), check=False, timeout=30)
        if expect is not None and done.returncode != expect:
            raise AssertionError(f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def holds(self, address=FLOATING):
        return holders(self.space, address) == ["eth0"]


class LAN:
    """A bridge with two hosts and a peer."""

    def __init__(self, parent=None):
        self.folder = tempfile.mkdtemp(prefix="rtsetup-lan-", dir=parent)
        os.chmod(self.folder, 0o755)
        self._spaces = []
        try:
            self.bridge = self.namespace("bridge")
            self.bridge.ip("link add name lan0 type bridge mcast_snooping 0 forward_delay 0",
                           "link set lan0 up", "addr add 10.0.0.253/24 dev lan0",
                           "addr add 2001:db8:0:1::ff/64 dev lan0 nodad")
            self.peer = self.namespace("peer")
            self.link(self.peer, "eth0", "port-peer", "02:00:00:00:01:00")
            self.peer.ip("addr add 10.0.0.100/24 dev eth0",
                         "addr add 2001:db8:0:1::100/64 dev eth0 nodad")
            self.hosts = [Host(self, "one", 11), Host(self, "two", 12)]
        except BaseException:
            self.close()
            raise

    def namespace(self, name):
        space = Namespace(f"rtsetup-lan-{os.getpid()}-{id(self) % 9999}-{name}")
        self._spaces.append(space)
        space.sysctl("net.ipv6.conf.default.accept_dad", 0)
        return space

    def link(self, space, name, port, mac):
        space.ip(f"link add {name} address {mac} type veth peer name {port} "
                 f"netns {self.bridge.name}", f"link set {name} up")
        self.bridge.ip(f"link set {port} master lan0 up")

    def close(self):
        for space in self._spaces:
            space.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def neighbour(self, address):
        """Whom the peer thinks it speaks to."""
        for entry in self.peer.show(f"neigh show {address}"):
            return entry.get("lladdr")
        return None

    def owners(self, address=FLOATING):
        return [host for host in self.hosts if host.holds(address)]


class Failover(unittest.TestCase):
    def setUp(self):
        self.lan = LAN()
        self.addCleanup(self.lan.close)
        self.one, self.two = self.lan.hosts

    def ping(self, address=FLOATING, wait=1):
        return self.lan.peer.run("ping", "-c", "1", "-W", str(wait), address,
                                 check=False).returncode == 0

    def eventually(self, what, condition, timeout=15.0):
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                self.fail(f"{what}: not within {timeout} s")
            time.sleep(0.05)


class ByHand(Failover):
    def test_release_here_and_take_up_there(self):
        both = (FLOATING, FLOATING6)
        self.one.rtsetup("rebind", *both, "--to", "eth0")
        for address in both:
            self.assertTrue(self.ping(address))
        for number in range(6 if QUICK else 50):
            old, new = (self.one, self.two) if number % 2 == 0 else (self.two, self.one)
            with self.subTest(number=number):
                old.rtsetup("rebind", *both, "--release")
                new.rtsetup("rebind", *both, "--to", "eth0")
                for address in both:
                    self.assertEqual(self.lan.neighbour(address), new.mac)
                    self.assertEqual(self.lan.owners(address), [new])
                    self.assertTrue(self.ping(address))
        for host in (self.one, self.two):
            self.assertEqual(host.rtsetup("apply").stdout, "Nothing to do.\n")


class Keepalived(Failover):
    """The example's configuration: keepalived decides, its notify script calls rebind."""

    def setUp(self):
        super().setUp()
        self.hook = f"{self.lan.folder}/kill_after.so"
        subprocess.run([test_crash.COMPILER, "-shared", "-fPIC", "-O1", "-o", self.hook,
                        Path(__file__).with_name("kill_after.c"), "-ldl"], check=True)
        self.daemons = {}
        for host, other in ((self.one, self.two), (self.two, self.one)):
            self.configure(host, other)
            self.start(host)
        self.eventually("an owner", self.is_settled)

    def configure(self, host, other):
        """The example's files, with this host's names."""
        command = " ".join(host.command("\"$@\"")[1:])
        wrapper = host.folder / "rtsetup"
        wrapper.write_text(
            f"#!/bin/sh\nif read -r KILL_AFTER 2>/dev/null <{host.folder}/kill; then\n"
            f"    rm {host.folder}/kill; export KILL_AFTER LD_PRELOAD={self.hook}\nfi\n"
            f"exec {BINARY} {command}\n", encoding="utf-8")
        notify = host.folder / "notify"
        text = (EXAMPLE / "notify").read_text(encoding="utf-8")
        text = text.replace("/usr/local/sbin/rtsetup", str(wrapper))
        text = text.replace("/run/keepalived-rtsetup", f"{host.folder}/last")
        notify.write_text(text, encoding="utf-8")
        for script in (wrapper, notify):
            script.chmod(0o755)
        text = (EXAMPLE / "keepalived.conf").read_text(encoding="utf-8")
        text = text.replace("10.0.0.12", "OTHER").replace("10.0.0.11", host.address)
        text = text.replace("priority 100", f"priority {100 if host is self.one else 90}")
        text = text.replace("OTHER", other.address).replace("/etc/keepalived/notify", str(notify))
        (host.folder / "keepalived.conf").write_text(text, encoding="utf-8")

    def start(self, host):
        """As systemd does with the example's drop-in."""
        stop = f"{host.folder}/notify INSTANCE service STOP 0"
        script = (f"{stop}; keepalived --dont-fork --log-console "
                  f"--use-file={host.folder}/keepalived.conf --pid={host.folder}/pid "
                  f"--vrrp_pid={host.folder}/vrrp.pid; {stop}")
        with open(host.folder / "log", "ab") as log:
            self.daemons[host] = host.space.start("sh", "-c", script, stdout=log, stderr=log)

    def signal(self, host, number):
        os.kill(int((host.folder / "pid").read_text()), number)

    def is_settled(self):
        owners, owners6 = self.lan.owners(), self.lan.owners(FLOATING6)
        return (len(owners) == 1 and owners == owners6 and self.ping() and self.ping(FLOATING6)
                and self.lan.neighbour(FLOATING) == owners[0].mac)

    @property
    def owner(self):
        return self.lan.owners()[0]

    def other(self, host):
        return self.two if host is self.one else self.one

    def assertTakenOver(self, old, by):
        self.eventually(f"{by.address} takes over", lambda: self.lan.owners() == [by])
        self.assertAgreed(by)

    def assertAgreed(self, by):
        """Exactly one host has the addresses, is reached, and nobody's `apply` disagrees."""
        self.eventually("reachable", self.is_settled)
        self.assertEqual(self.owner, by)
        for host in self.lan.hosts:
            self.assertEqual(host.rtsetup("apply").stdout, "Nothing to do.\n")
        self.assertTrue(self.is_settled())

    def test_the_masters_keepalived_ends_or_is_killed(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(signal=number):
                old = self.owner
                self.signal(old, number)
                self.daemons[old].wait(timeout=10)
                self.assertTakenOver(old, self.other(old))
                self.start(old)
                time.sleep(5)
                self.assertAgreed(self.other(old))

    def test_the_masters_link_goes_and_comes_back(self):
        old = self.owner
        self.lan.bridge.ip(f"link set {old.port} down")
        self.assertTakenOver(old, self.other(old))
        self.lan.bridge.ip(f"link set {old.port} up")
        time.sleep(5)
        self.assertAgreed(self.other(old))

    def test_rebind_is_killed_on_the_way(self):
        """On the host that lets go, and on the one that takes up."""
        for after in (1, 6) if QUICK else (1, 3, 6, 9, 12, 15):
            with self.subTest(after=after):
                old = self.owner
                for host in self.lan.hosts:
                    (host.folder / "kill").write_text(f"{after}\n", encoding="utf-8")
                self.signal(old, signal.SIGTERM)
                self.daemons[old].wait(timeout=10)
                self.assertTakenOver(old, self.other(old))
                for host in self.lan.hosts:
                    self.assertFalse((host.folder / "kill").exists(), "nothing was killed")
                self.start(old)
                time.sleep(1)


if __name__ == "__main__":
    main()
