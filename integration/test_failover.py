"""Failover between two hosts on one bridge: rebind by hand, and keepalived as its caller."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from case import BINARY, QUICK, ROOT, main
from namespace import Namespace

FLOATING, FLOATING6 = "10.0.0.30", "2001:db8:0:1::30"
EXAMPLE = ROOT / "examples/keepalived"


def holders(space, address):
    return [link["ifname"] for link in space.show("addr show")
            for entry in link.get("addr_info", []) if entry.get("local") == address]


class Host:
    """A machine with one ENI, and folders of its own."""

    FILE = """
    {
        Version = 1;
        Interfaces = ( {
            Name = eth0; Primary = YES; Gateway = ( "10.0.0.253", "2001:db8:0:1::ff" );
            Addresses = ( "10.0.0.%(number)d/24", "2001:db8:0:1::%(number)d/64",
                { Address = "10.0.0.30/24"; Floating = YES; Initially = released; },
                { Address = "2001:db8:0:1::30/64"; Floating = YES; Initially = released; } );
        } );
    }
    """

    def __init__(self, lan, name, number):
        self.space = lan.namespace(name)
        self.address = f"10.0.0.{number}"
        self.mac = f"02:00:00:00:00:{number}"
        self.port = f"port-{name}"
        lan.link(self.space, "eth0", self.port, self.mac)
        self.folder = Path(lan.folder, name)
        self.folder.mkdir()
        self.config = self.folder / "rtsetup.plist"
        self.config.write_text(self.FILE % {"number": number}, encoding="utf-8")
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

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="rtsetup-lan-")
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


if __name__ == "__main__":
    main()
