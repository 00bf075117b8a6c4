"""The bench's part about failover: rebind beside the commands that people type."""

import contextlib
import math
import shutil
import socket
import statistics
import tempfile
import threading
import time

from case import BINARY
from test_failover import FLOATING, LAN


class Triple:
    """What a namespace is made for."""

    enis = 3
    queues = 1


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
        def rebind(old, new):
            old.rtsetup("rebind", FLOATING, "--release")
            new.rtsetup("rebind", FLOATING, "--to", "eth0")

        def ip(old, new):
            old.space.run("ip", "addr", "del", f"{FLOATING}/24", "dev", "eth0")
            new.space.run("ip", "addr", "add", f"{FLOATING}/24", "dev", "eth0")
            new.space.start("arping", "-q", "-U", "-c", "1", "-I", "eth0", FLOATING)

        gaps = {"memory": [], "disk": [], "ip": []}
        lans = {}
        try:
            for name, parent in (("memory", "/dev/shm"), ("disk", "/var/tmp"), ("ip", "/dev/shm")):
                lans[name] = LAN(parent)
            lans["ip"].hosts[0].space.ip(f"addr add {FLOATING}/24 dev eth0")
            for name in ("memory", "disk"):
                lans[name].hosts[0].rtsetup("rebind", FLOATING, "--to", "eth0")
            for _ in range(self.rounds):
                for name, lan in lans.items():
                    gaps[name] += self._gaps(lan, ip if name == "ip" else rebind)
        finally:
            for lan in lans.values():
                lan.close()
        median = {name: statistics.median(found) for name, found in gaps.items()}
        self.row("gap between two hosts", median["memory"] / median["ip"], 2,
                 f"{median['memory']:.1f} ms (and {median['disk'] - median['memory']:.1f} for the "
                 f"file sync), ip and arping {median['ip']:.1f} ms")

    def _gaps(self, lan, move):
        """The longest silence after each move, in milliseconds."""
        hosts, starts = list(lan.hosts), []
        with Pulse(lan.peer, FLOATING) as pulse:
            time.sleep(0.1)
            for _ in range(2):
                starts.append(time.monotonic())
                move(*hosts)
                hosts.reverse()
                time.sleep(0.1)
        gaps = []
        for start, end in zip(starts, [*starts[1:], math.inf]):
            heard = [moment for moment in pulse.heard if start - 0.01 <= moment < end]
            gaps.append(1e3 * max(b - a for a, b in zip(heard, heard[1:])))
        return gaps


class Pulse:
    """An echo request each millisecond: `ping` waits 10 ms for what it has not heard."""

    def __init__(self, space, address):
        self.heard, self._address, self._stop = [], address, threading.Event()
        self._socket = space.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self._socket.setblocking(False)
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        self._socket.close()

    def _run(self):
        request = bytes.fromhex("0800f7ff00000000")  # ICMP_ECHO, its checksum, id 0, sequence 0
        while not self._stop.wait(0.001):
            with contextlib.suppress(OSError):  # EHOSTUNREACH while nobody has the address
                self._socket.sendto(request, (self._address, 0))
            with contextlib.suppress(BlockingIOError):
                while True:
                    data = self._socket.recv(2048)
                    if data[20] == 0:  # ICMP_ECHOREPLY
                        self.heard.append(time.monotonic())
