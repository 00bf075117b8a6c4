"""The demo: shows the file, plan, apply and status, then proves the result with packets."""

import os
import shlex
import signal
import sys
import time
from pathlib import Path

from case import BINARY, FOUR
from namespace import Monitor, differences
from vpc import INET4, VPC, Capture

NOTE = """\
    // eth0, the primary: DHCP (or the image) gave it its address; rules and table follow it.
    // eth1 and eth2 are on the same subnet as eth0; eth3 is on another, with 20 secondaries.
"""
COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def paint(code, text):
    return f"\x1b[{code}m{text}\x1b[0m" if COLOUR else text


def heading(text):
    print(f"\n{paint('1;36', '== ' + text)}", flush=True)


class Demo:
    def __init__(self, vpc):
        self.vpc, self.failures = vpc, 0
        self.file = Path(vpc.folder) / "rtsetup.plist"

    def check(self, fine, text):
        self.failures += not fine
        print(f"  {paint('32', 'ok  ') if fine else paint('1;31', 'FAIL')}  {text}", flush=True)

    def rtsetup(self, *words, show=None):
        """Runs it on the host, and shows what a user would have typed and seen."""
        if show != 0:
            print(paint("1", f"$ rtsetup {' '.join(words)}"), flush=True)
        folders = ["--config", str(self.file), "--state-dir", f"{self.vpc.folder}/run",
                   "--lib-dir", f"{self.vpc.folder}/lib"]
        if COLOUR:
            folders += ["--color", "always"]
        done = self.vpc.host.run(BINARY, words[0], *folders, *words[1:], check=False)
        lines = done.stdout.splitlines()
        for line in lines[:show]:
            print("  " + line)
        if show and len(lines) > show:
            print(f"  ... {len(lines) - show - 1} lines more ...")
            print("  " + lines[-1])
        if done.stderr:
            print("  " + done.stderr.strip().replace("\n", "\n  "))
        return done

    def run(self):
        self.scene()
        before = self.vpc.host.dump()
        self.configure()
        self.prove_law()
        self.prove_containers()
        self.prove_second_apply()
        self.give_back(before)

    def scene(self):
        heading("A host with four NICs in a small VPC of network namespaces")
        print("  the internet --- cloud --- subnet A 10.0.0.0/24: eth0 (primary), eth1, eth2\n"
              "                         \\-- subnet B 10.0.1.0/24: eth3, 21 addresses\n"
              "  The cloud drops what leaves a NIC with an address that is not that NIC's.")
        heading("Before: eth1's address, set up by hand, does not even reach the internet")
        self.vpc.host.ip("link set eth1 up", "addr add 10.0.0.20/24 dev eth1")
        self.vpc.probe("10.0.0.19", INET4)  # so that the gateway's MAC is known
        with Capture(self.vpc) as capture:
            probe = self.vpc.probe("10.0.0.20", INET4, timeout=1)
            ports = ", ".join(port.replace("port", "eth") for port in capture.ports(probe))
            print(f"  10.0.0.20 (eth1) > {INET4}: left by {ports or 'none'}, "
                  f"{'answered' if probe.answered else 'dropped by the cloud'}")
        self.vpc.host.ip("addr del 10.0.0.20/24 dev eth1", "link set eth1 down")

    def configure(self):
        heading("The file")
        text = FOUR.lstrip().replace("    Interfaces = (", NOTE + "    Interfaces = (", 1)
        self.file.write_text(text, encoding="utf-8")
        for line in text.splitlines():
            print("  " + (line if len(line) < 110 else line[:106] + " ..."))
        heading("What it would do")
        self.check(self.rtsetup("plan", show=34).returncode == 0, "plan")
        heading("Doing it: one transaction")
        done = self.rtsetup("apply", "--verbose", show=0)
        for line in done.stdout.splitlines()[-8:]:
            print("  " + line)
        self.check(done.returncode == 0, "apply")
        self.vpc.host.settle()
        heading("What is there now")
        self.check(self.rtsetup("status", show=24).returncode == 0, "status")
        print(paint("1", "$ ip rule"))
        print("  " + self.vpc.host.run("ip", "rule").stdout.strip().replace("\n", "\n  "))
        print(paint("1", "$ ip route show table 1001"))
        print("  " + self.vpc.host.run(
            "ip", "route", "show", "table", "1001").stdout.strip().replace("\n", "\n  "))

    def prove_law(self):
        heading("Proof: each address leaves by its own NIC, seen on the cloud's ports")
        dropped = self.vpc.spoofed()
        with Capture(self.vpc) as capture:
            for nic in self.vpc.nics.values():
                for version in (4, 6):
                    sources = [a for a in nic.of(version) if a != "10.0.0.30"]
                    for name, destination in self.vpc.destinations(version).items():
                        probes = [self.vpc.probe(source, destination) for source in sources]
                        fine = all(p.answered and capture.ports(p) == {nic.port} for p in probes)
                        many = sources[0] + (f" and {len(sources) - 1} more" if sources[1:] else "")
                        self.check(fine, f"{many} > {name}: by {nic.name}")
            self.check(capture.violations() == [] and self.vpc.spoofed() == dropped,
                       f"{len(capture.packets)} packets seen, none at another NIC's port")

    def prove_containers(self):
        heading("Proof: a container on a bridge goes on talking to every address of the host")
        vpc = self.vpc
        container = vpc.namespace("container")
        vpc.host.ip("link add docker0 type bridge mcast_snooping 0",
                    "addr add 172.17.0.1/16 dev docker0", "link set docker0 up")
        vpc.link(container, "eth0", vpc.host, "veth0")
        vpc.host.ip("link set veth0 master docker0")
        container.ip("addr add 172.17.0.2/16 dev eth0", "route add default via 172.17.0.1")
        vpc.serve(container)
        for source in ("10.0.0.19", "10.0.0.20", "10.0.0.21", "10.0.1.20"):
            ping = container.run("ping", "-c1", "-W2", source, check=False).returncode == 0
            self.check(ping and vpc.probe(source, "172.17.0.2").answered,
                       f"{source} <> 172.17.0.2 on docker0")

    def prove_second_apply(self):
        heading("Proof: a second apply changes nothing")
        monitor = Monitor(self.vpc.host)
        done = self.rtsetup("apply")
        events = monitor.events()
        monitor.close()
        self.check(done.returncode == 0 and not events,
                   f"{len(events)} events at a netlink monitor (links, addresses, routes, rules)")
        self.vpc.host.ip("link del docker0", "link del veth0")

    def give_back(self, before):
        heading("Giving everything back")
        done = self.rtsetup("teardown", show=0)
        self.vpc.host.settle()
        found = differences(before, self.vpc.host.dump())
        self.check(done.returncode == 0 and not found,
                   "addresses, routes, rules, links and sysctls are as they were before")
        for line in found[:10]:
            print("        " + line)


def epilogue():
    heading("On a real host")
    binary = shlex.quote(str(Path(BINARY).resolve()))
    print(f"""  install -m 755 {binary} /usr/local/sbin/rtsetup
  mkdir -p /etc/rtsetup && cp examples/ecs.plist /etc/rtsetup/rtsetup.plist
  $EDITOR /etc/rtsetup/rtsetup.plist     # your NICs, the primary first
  rtsetup validate                       # the file alone
  rtsetup plan                           # what it would change; no privilege needed
  rtsetup apply                          # all of it, or nothing
  rtsetup status
  rtsetup teardown                       # everything back as it was""")


def main():
    if os.geteuid() != 0:
        sys.exit("demo: network namespaces need root (sudo scripts/demo)")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    begin = time.monotonic()
    with VPC() as vpc:
        vpc.deliver()
        vpc.host.settle()
        demo = Demo(vpc)
        demo.run()
    if demo.failures:
        heading(f"FAILED: {demo.failures} of the checks above")
        sys.exit(1)
    heading(f"All proofs hold ({time.monotonic() - begin:.1f} s)")
    epilogue()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
