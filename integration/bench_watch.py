"""The bench's part about `watch`: how soon it repairs, and what it costs while nothing is wrong."""

import os
import socket
import statistics
import subprocess
import time
from pathlib import Path

from case import BINARY
from namespace import Monitor
from watching import Manager


class Watched:
    """A `watch` in a namespace of the bench, from its READY on."""

    def __init__(self, bench, space, config):
        bench.serial += 1
        self.space = space
        path = f"{bench.folder}/notify-{bench.serial}"
        self.manager = Manager(path)
        state = f"{bench.folder}/state-{bench.serial}"
        self.process = space.start(
            BINARY, "watch", "--config", config, "--state-dir", f"{state}/run",
            "--lib-dir", f"{state}/lib", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "NOTIFY_SOCKET": path})
        self.manager.wait("READY=1", 30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        self.manager.close()

    def milliseconds(self):
        """User and system time."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 10

    def status(self, key):
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.partition(f"\n{key}:")[2].split()[0])


def until(condition, timeout=20):
    """Milliseconds until it is so."""
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > timeout:
            raise RuntimeError("watch did not do it in time")
        time.sleep(0.001)
    return (time.monotonic() - start) * 1000


def measure(bench, shape, larger, count):
    """`shape` is what the host has, `larger` has one ENI more."""
    path = bench.write("watch.plist", larger.file("Defaults = { RuleSource = address; };"))
    with bench.space(shape) as space, Watched(bench, space, path) as watch:
        rules(bench, shape, space)
        wipe(bench, shape, space, count)
        plug(bench, shape, space)
        idle(bench, watch)
        events(bench, space, watch)
        flood(bench, shape, space, watch)


def rules(bench, shape, space):
    monitor, took = Monitor(space), []
    for number in range(50):
        eni = number % shape.enis
        source = shape.address(eni, 1 + number // shape.enis)
        monitor.events()
        space.ip(f"rule del priority 20001 from {source}")
        took.append(until(lambda: "new rule" in monitor.events()))
    monitor.close()
    bench.row("watch: a deleted rule is back, ms", statistics.median(took), 200,
              f"median of 50, at most {max(took):.0f} ms")


def wipe(bench, shape, space, count):
    took = []
    whole = count(space), count(space, socket.AF_INET6), routes(space)
    lines = ["rule flush"]
    for eni in range(shape.enis):
        lines += [f"route flush table {1000 + eni}", f"addr flush dev eth{eni}"]
    batch = "\n".join(lines) + "\n"
    for _ in range(3):
        time.sleep(1)
        start = time.monotonic()
        space.run("ip", "-batch", "-", input=batch)
        until(lambda: (count(space), count(space, socket.AF_INET6), routes(space)) == whole)
        took.append((time.monotonic() - start) * 1000)
    bench.row("watch: a wiped 15 x 20 host is whole, ms", statistics.median(took), 1000,
              f"median of 3, the wiping included; at most {max(took):.0f} ms")


def routes(space):
    return len(space.run("ip", "-4", "route", "show", "table", "all").stdout.splitlines())


def plug(bench, shape, space):
    eni, took = shape.enis, []
    for _ in range(5):
        space.ip(f"link add eth{eni} type veth peer name peer{eni}", f"link set peer{eni} up")
        took.append(until(lambda: "default via" in space.run(
            "ip", "route", "show", "table", str(1000 + eni), check=False).stdout))
        space.ip(f"link del eth{eni}")
        time.sleep(0.3)
    bench.row("watch: a plugged ENI is whole, ms", statistics.median(took), 1000,
              f"median of 5, at most {max(took):.0f} ms")


def idle(bench, watch):
    time.sleep(2)
    cpu, switches = watch.milliseconds(), watch.status("voluntary_ctxt_switches")
    time.sleep(5)
    woken = watch.status("voluntary_ctxt_switches") - switches
    bench.row("watch: CPU while nothing happens, ms in 5 s", watch.milliseconds() - cpu, 0,
              f"woken {woken} times")


def events(bench, space, watch):
    batch = "rule add from 192.0.2.1 lookup 7 priority 30000\n" \
            "rule del from 192.0.2.1 lookup 7 priority 30000\n" * 1000
    resident = []
    for _ in range(6):
        space.run("ip", "-batch", "-", input=batch)
        time.sleep(0.7)
        resident.append(watch.status("VmRSS"))
    bench.row("watch: resident MiB", resident[-1] / 1024, 25, "after 12,000 events")
    bench.row("watch: growth over the last 10,000 events, MiB",
              (resident[-1] - resident[0]) / 1024, 0.5, "")


def flood(bench, shape, space, watch):
    cpu = watch.milliseconds()
    for table in ("main", "5000"):
        lines = (f"route add 172.{16 + n // 65536}.{n // 256 % 256}.{n % 256}/32 "
                 f"via {shape.gateway(1)} dev eth1 proto 186 table {table}" for n in range(50_000))
        space.run("ip", "-batch", "-", input="\n".join(lines) + "\n")
    time.sleep(1)
    bench.row("watch: CPU for 100,000 routes of a daemon, ms", watch.milliseconds() - cpu, 100,
              "protocol 186, half of them into main")
    space.ip(f"rule del priority 20001 from {shape.address(1, 1)}")
    took = until(lambda: f"from {shape.address(1, 1)} lookup" in space.run("ip", "rule").stdout)
    time.sleep(3)
    bench.row("watch: a deleted rule is back beside them, ms", took, 5000,
              f"resident {watch.status('VmRSS') / 1024:.0f} MiB afterwards")
