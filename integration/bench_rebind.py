"""The bench's part about failover: rebind beside the commands that people type."""

import re
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

from case import BINARY
from test_failover import FLOATING, LAN


class Triple:
    """What a namespace is made for."""

    enis = 3


class RebindBench:
    """A part of `Bench`."""

    def rebind(self):
        """Between two NICs of one host: the whole process, verification included."""
        disk = tempfile.mkdtemp(prefix="rtsetup-bench-", dir="/var/tmp")
        try:
            for number, limit in ((1, 2.0), (20, 0.5)):
                self._between_nics([f"10.1.0.{100 + n}" for n in range(number)], limit, disk)
        finally:
            shutil.rmtree(disk)
        self._between_hosts()

    def _between_nics(self, addresses, limit, disk):
        floating = ", ".join(f'{{ Address = "{a}/24"; Floating = YES; }}' for a in addresses)
        entry = ('{ Name = eth%d; Addresses = ( "10.1.0.%d/24"%s ); Gateway = "10.1.0.253"; '
                 "Table = %d; }")
        config = self.write(f"rebind-{len(addresses)}.plist", (
            "{ Version = 1; Defaults = { RuleSource = address; FailClosed = NO; }; "
            "Interfaces = ( { Name = eth0; Primary = YES; }, "
            f"{entry % (1, 1, ', ' + floating, 1001)}, {entry % (2, 2, '', 1002)} ); }}\n"))
        scripts = {}
        for old, new in ((1, 2), (2, 1)):
            lines = []
            for a in addresses:
                lines += [f"ip addr add {a}/24 dev eth{new}",
                          f"ip rule add from {a} lookup {1000 + new} priority 20001",
                          f"ip addr del {a}/24 dev eth{old}",
                          f"ip rule del from {a} lookup {1000 + old} priority 20001"]
            scripts[new] = self.write(f"rebind-{len(addresses)}-{new}.sh", "\n".join(lines) + "\n")
        times = {"memory": [], "disk": [], "shell": []}
        with self.space(Triple) as space, self.space(Triple) as other:
            apply = self.rtsetup("apply", config)
            space.run(*apply)
            other.run(*self.rtsetup("apply", config))
            folders = apply[2:]
            for _ in range(self.rounds):
                for name, where in (("memory", folders), ("disk", [*folders[:-1], disk])):
                    for new in ("eth2", "eth1"):
                        times[name] += self.timed(
                            space, BINARY, "rebind", *addresses, "--to", new, *where)[0]
                for new in (2, 1):
                    times["shell"] += self.timed(other, "sh", "-e", scripts[new])[0]
        median = {name: statistics.median(found) for name, found in times.items()}
        self.row(f"rebind of {len(addresses)}", median["memory"] / median["shell"], limit,
                 f"{median['memory']:.1f} ms (and {median['disk'] - median['memory']:.1f} for the "
                 f"file sync), {4 * len(addresses)} ip commands {median['shell']:.1f} ms")

    def _between_hosts(self):
        """How long a peer hears nothing while an address goes from one host to the other."""
        lan = LAN()
        try:
            one, two = lan.hosts
            one.rtsetup("rebind", FLOATING, "--to", "eth0")
            by_rebind = self._gaps(lan, lambda old, new: (
                old.rtsetup("rebind", FLOATING, "--release"),
                new.rtsetup("rebind", FLOATING, "--to", "eth0")))
            for host in (one, two):
                host.rtsetup("rebind", FLOATING, "--release")
            one.space.ip(f"addr add {FLOATING}/24 dev eth0")
            by_ip = self._gaps(lan, lambda old, new: (
                old.space.run("ip", "addr", "del", f"{FLOATING}/24", "dev", "eth0"),
                new.space.run("ip", "addr", "add", f"{FLOATING}/24", "dev", "eth0"),
                new.space.start("arping", "-q", "-U", "-c", "1", "-I", "eth0", FLOATING)))
        finally:
            lan.close()
        a, b = statistics.median(by_rebind), statistics.median(by_ip)
        self.row("gap between two hosts", a / b, 2, f"{a:.1f} ms, ip and arping {b:.1f} ms")

    def _gaps(self, lan, move):
        """The longest silence after each move, in milliseconds, under a 1 kHz ping."""
        ping = lan.peer.start("ping", "-D", "-n", "-i", "0.001", FLOATING, stdout=subprocess.PIPE)
        time.sleep(0.5)
        hosts, starts = list(lan.hosts), []
        for _ in range(2 * self.rounds):
            starts.append(time.time())
            move(*hosts)
            hosts.reverse()
            time.sleep(0.4)
        ping.send_signal(signal.SIGINT)
        heard = [float(stamp) for stamp in
                 re.findall(r"^\[([\d.]+)\] \d+ bytes", ping.communicate()[0], re.MULTILINE)]
        gaps = []
        for start in starts:
            times = [stamp for stamp in heard if start - 0.01 <= stamp <= start + 0.4]
            if len(times) > 1:
                gaps.append(1e3 * max(b - a for a, b in zip(times, times[1:])))
        return gaps
