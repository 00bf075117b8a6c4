"""What every integration test stands on: a VPC, the built binary, and judges."""

import json
import os
import signal
import subprocess
import sys
import unittest
from dataclasses import dataclass
from pathlib import Path

from namespace import Monitor, differences
from vpc import VPC

ROOT = Path(__file__).resolve().parent.parent
BINARY = os.environ.get("RTSETUP") or str(ROOT / ".build/release/rtsetup")
QUICK = bool(os.environ.get("RTSETUP_QUICK"))

# The guide's host (Alibaba Cloud ECS): three NICs on one subnet, the primary as its image made it.
GUIDE = """
{
    Version = 1;
    Interfaces = (
        { Name = eth0; Primary = YES; Addressing = external; },
        { Name = eth1; Addresses = ( "10.0.0.20/24" ); Gateway = "10.0.0.253";
          Table = 1001; RouteMetric = 1001; },
        { Name = eth2; Addresses = ( "10.0.0.21/24" ); Gateway = "10.0.0.253";
          Table = 1002; RouteMetric = 1002; }
    );
}
"""

# The guide's host with both families, and eth3 on another subnet with 20 secondary addresses.
FOUR = """
{
    Version = 1;
    Interfaces = (
        { Name = eth0; Primary = YES; Addressing = external; },
        { Name = eth1; Addresses = ( "10.0.0.20/24", "2001:db8:0:1::20/64" );
          Gateway = ( "10.0.0.253", "2001:db8:0:1::ff" ); Table = 1001; },
        { Name = eth2; Addresses = ( "10.0.0.21/24", "2001:db8:0:1::21/64" );
          Gateway = ( "10.0.0.253", "2001:db8:0:1::ff" ); Table = 1002; },
        { Name = eth3; Addresses = ( %s, "2001:db8:0:2::20/64", "2001:db8:0:2::21/64" );
          Gateway = ( "10.0.1.253", "2001:db8:0:2::ff" ); Table = 1003; }
    );
}
""" % ", ".join(f'"10.0.1.{n}/24"' for n in range(20, 41))


def file(*interfaces, more=""):
    """A file of interface bodies, and whatever else stands at its top."""
    body = ",\n        ".join("{ %s }" % text for text in interfaces)
    return f"{{\n    Version = 1;\n    Interfaces = (\n        {body}\n    );\n    {more}\n}}\n"


ETH0 = "Name = eth0; Primary = YES; Addressing = external;"
ETH1 = 'Name = eth1; Addresses = ( "10.0.0.20/24" ); Gateway = "10.0.0.253"; Table = 1001;'
ETH2 = 'Name = eth2; Addresses = ( "10.0.0.21/24" ); Gateway = "10.0.0.253"; Table = 1002;'
ETH3 = 'Name = eth3; Addresses = ( "10.0.1.20/24" ); Gateway = "10.0.1.253"; Table = 1003;'


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def text(self):
        return self.out + self.err

    def changes(self, kind=None):
        return [c for c in self.json["changes"] if kind in (None, c["kind"])]

    def warnings(self):
        return json.dumps(self.json["warnings"])


class Case(unittest.TestCase):
    """A fresh VPC for each test, the primary configured as a cloud's image would."""

    maxDiff = None
    ipv6 = True

    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise RuntimeError("integration tests make network namespaces: run them as root")
        if not os.access(BINARY, os.X_OK):
            raise RuntimeError(f"no {BINARY}: scripts/build")

    def setUp(self):
        self.vpc = self.make_vpc()
        self.addCleanup(self.vpc.close)
        self.host = self.vpc.host
        self.deliver()

    def make_vpc(self):
        return VPC()

    def deliver(self):
        self.vpc.deliver(ipv6=self.ipv6)
        self.host.settle()

    # The binary

    def write(self, text, name="rtsetup.plist"):
        path = Path(self.vpc.folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
        return str(path)

    def command(self, *words):
        """The command line, with state and bindings in the VPC's own folder."""
        command, *rest = words
        folders = []
        if command != "validate":
            folder = self.vpc.folder
            folders = ["--state-dir", f"{folder}/run", "--lib-dir", f"{folder}/lib"]
            if "--config" not in rest:
                folders += ["--config", f"{folder}/rtsetup.plist"]
        return [BINARY, command, *folders, *rest]

    def rtsetup(self, *words, expect=0, prefix=(), **options):
        """Runs the binary on the host and judges its exit code (`None`: any)."""
        command = [*prefix, *self.command(*words)]
        options.setdefault("timeout", 60)
        done = self.host.run(*command, check=False, **options)
        result = Result(done.returncode, done.stdout, done.stderr)
        if expect is not None and result.code != expect:
            self.fail(f"{' '.join(words)}: exit {result.code}, not {expect}\n{result.text}")
        return result

    def start(self, *words):
        return self.host.start(
            *self.command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def apply(self, text=None, *words, expect=0, **options):
        if text is not None:
            self.write(text)
        result = self.rtsetup("apply", *words, expect=expect, **options)
        if result.code == 0:
            self.host.settle()
        return result

    def plan(self, text=None, *words, expect=0):
        """The plan as JSON."""
        if text is not None:
            self.write(text)
        return self.rtsetup("plan", "--format", "json", *words, expect=expect)

    def teardown(self, **options):
        return self.rtsetup("teardown", **options)

    # The judges

    def assertSameDump(self, before, message="", after=None):
        found = differences(before, after or self.host.dump())
        self.assertEqual(found, [], message)

    def assertNothingToDo(self):
        """A second apply says so, and the kernel heard nothing."""
        self.host.settle()
        sysctls = self.host.sysctls()
        monitor = Monitor(self.host)
        self.addCleanup(monitor.close)
        result = self.rtsetup("apply", "--format", "json")
        self.assertEqual(monitor.events(), [])
        self.assertEqual(result.json["changes"], [])
        self.assertEqual(result.json["result"], "unchanged")
        self.assertEqual(self.host.sysctls(), sysctls)

    def assertProbe(self, source, destination, capture, port=None, answered=True, **options):
        """The packet came out of one port only, by default its source's, and the answer came."""
        probe = self.vpc.probe(source, destination, **options)
        self.assertEqual(probe.answered, answered, f"{source} > {destination} answered")
        expected = port or self.vpc.owner(source)
        self.assertEqual(capture.ports(probe), {expected}, f"{source} > {destination}")
        return probe

    def assertLaw(self, capture, addresses):
        """Each address leaves by its own NIC: to the internet, its own subnet and the others'."""
        for address in addresses:
            version = 6 if ":" in address else 4
            for name, destination in self.vpc.destinations(version).items():
                with self.subTest(source=address, destination=name):
                    self.assertProbe(address, destination, capture)


def main():
    """Each test file runs alone: `python3 integration/test_guide.py`."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    unittest.main(module="__main__", verbosity=2)
