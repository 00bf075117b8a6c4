"""The bench: ratios side by side in one run, medians of interleaved rounds, beside their limits."""

import argparse
import contextlib
import json
import os
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bench_watch
from bench_rebind import RebindBench
from case import BINARY
from namespace import Namespace, attributes, messages

PARTS = ["start", "small", "queues", "rebind", "watch", "packets", "large", "large6"]
HERE = Path(__file__).resolve().parent


def calm():
    """Lets the kernel end what it does for links just made, and to be rid of the namespace before:
    it holds the lock that every change waits for. Awake, for a processor that slept is slow."""
    end = time.monotonic() + 0.2
    while time.monotonic() < end:
        pass


class Shape:
    """`enis` NICs with `each` addresses, every NIC in a subnet of its own."""

    def __init__(self, enis, each, version=4, queues=1):
        self.enis, self.each, self.version, self.queues = enis, each, version, queues
        self.length = 24 if version == 4 else 64
        self.family = "-4" if version == 4 else "-6"

    def address(self, eni, number):
        if self.version == 4:
            return f"10.{eni + 1}.0.{number}"
        return f"2001:db8:{eni + 1:x}::{number:x}"

    def addresses(self, eni):
        return [self.address(eni, number) for number in range(1, self.each + 1)]

    def gateway(self, eni):
        return self.address(eni, 253)

    def file(self, defaults=""):
        """What rtsetup is given."""
        bodies = []
        for eni in range(self.enis):
            quoted = ", ".join(f'"{a}/{self.length}"' for a in self.addresses(eni))
            primary = "Primary = YES; " if eni == 0 else ""
            bodies.append(f"{{ Name = eth{eni}; {primary}Addresses = ( {quoted} );\n"
                          f"          Gateway = \"{self.gateway(eni)}\"; Table = {1000 + eni}; }}")
        return (f"{{\n    Version = 1;\n    {defaults}\n    Interfaces = (\n        "
                + ",\n        ".join(bodies) + "\n    );\n}\n")

    def lines(self, bare=False):
        """What `ip -batch` is given: the plain form, or the links and addresses alone."""
        lines = []
        for eni in range(self.enis):
            name, gateway = f"eth{eni}", self.gateway(eni)
            lines.append(f"link set {name} up")
            lines += [f"addr add {a}/{self.length} dev {name}" for a in self.addresses(eni)]
            if not bare:
                metric = f" metric {1000 + eni}" if eni else ""
                lines.append(f"route add default via {gateway} dev {name} table {1000 + eni}")
                lines.append(f"route add default via {gateway} dev {name}{metric}")
                lines += [f"rule add from {a} lookup {1000 + eni} priority 20001"
                          for a in self.addresses(eni)]
        return lines


class Bench(RebindBench):
    def __init__(self, folder, rounds):
        self.folder, self.rounds = Path(folder), rounds
        self.floor = str(self.folder / "floor")
        self.serial, self.rows, self.missed, self.peak = 0, [], 0, 0
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-o", self.floor, HERE / "floor.c"],
                       check=True)

    # Namespaces and runs

    @contextlib.contextmanager
    def space(self, shape):
        """A fresh namespace with the shape's NICs, all down; indexes are alike in each."""
        self.serial += 1
        space = Namespace(f"rtsetup-bench-{os.getpid()}-{self.serial}")
        try:
            for scope in ("all", "default"):
                space.sysctl(f"net.ipv4.conf.{scope}.rp_filter", 0)
            lines = []
            for eni in range(shape.enis):
                queues = f"numrxqueues {shape.queues} numtxqueues {shape.queues}"
                lines += [f"link add eth{eni} {queues} type veth peer name peer{eni} {queues}",
                          f"link set peer{eni} up"]
            space.run("ip", "-batch", "-", input="\n".join(lines) + "\n")
            calm()
            yield space
        finally:
            space.close()

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
        return str(path)

    def timed(self, space, *command, count=1):
        """Milliseconds of each run, and the peak KiB, seen from a parent of a few pages."""
        done = space.run(self.floor, "run", str(count), *command)
        pairs = [line.split() for line in done.stdout.splitlines()]
        return [int(ns) / 1e6 for ns, _ in pairs], max(int(kib) for _, kib in pairs)

    def rtsetup(self, command, config):
        self.serial += 1
        state = f"{self.folder}/state-{self.serial}"
        return [BINARY, command, "--config", config, "--state-dir", f"{state}/run",
                "--lib-dir", f"{state}/lib"]

    # The table

    def row(self, what, value, limit, detail, at_least=False):
        fine = value >= limit if at_least else value <= limit
        self.missed += not fine
        sign = ">=" if at_least else "<="
        verdict = "" if fine else "MISSED"
        self.rows.append((what, f"{value:.2f}", f"{sign} {limit:g}", detail, verdict))
        print(f"  {what}: {value:.2f} ({sign} {limit:g}) {detail}  {verdict}", flush=True)

    def table(self):
        head = ("what", "figure", "limit", "how", "")
        widths = [max(len(row[i]) for row in [head, *self.rows]) for i in range(4)]
        print()
        for row in [head, tuple("-" * w for w in widths) + ("",), *self.rows]:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)), row[4])

    # Rows

    def small(self):
        """15 ENIs with 20 addresses each."""
        shape = Shape(15, 20)
        batch = self.write("plain.batch", "\n".join(shape.lines()) + "\n")
        script = self.write("guide.sh", "".join(f"ip {line}\n" for line in shape.lines()))
        files = {
            "address": self.write("address.plist", shape.file(
                "Defaults = { RuleSource = address; };")),
            "open": self.write("open.plist", shape.file(
                "Defaults = { RuleSource = address; FailClosed = NO; };")),
            "auto": self.write("auto.plist", shape.file()),
        }
        times = {name: [] for name in ("batch", "script", "second", *files)}
        for number in range(self.rounds):
            with self.space(shape) as space:
                times["batch"] += self.timed(space, "ip", "-batch", batch)[0]
            for name, config in files.items():
                with self.space(shape) as space:
                    command = self.rtsetup("apply", config)
                    times[name] += self.timed(space, *command)[0]
                    if name == "auto":
                        times["second"] += self.timed(space, *command, count=3)[0]
            if number < 3:
                with self.space(shape) as space:
                    times["script"] += self.timed(space, "sh", "-e", script)[0]
        median = {name: statistics.median(found) for name, found in times.items()}
        plain = median["batch"]

        def against(name):
            return f"{median[name]:.1f} ms, ip -batch {plain:.1f} ms"

        self.row("first apply, RuleSource = address", median["address"] / plain, 1.3,
                 against("address"))
        self.row("  the same, FailClosed = NO", median["open"] / plain, 1.3, against("open"))
        self.row("first apply, RuleSource = auto", median["auto"] / plain, 0.8, against("auto"))
        self.row("first apply, times faster than the script", median["script"] / median["auto"], 60,
                 f"{median['auto']:.1f} ms, an ip a line {median['script']:.0f} ms", at_least=True)
        self.row("second apply", median["second"] / plain, 0.5, against("second"))
        self.perform(shape, files)

    def perform(self, shape, files):
        """The perform stage against the floor, which is given what rtsetup has made."""
        for name in ("address", "auto"):
            stage, floor = [], []
            for _ in range(self.rounds):
                with self.space(shape) as space:
                    result = space.run(*self.rtsetup("apply", files[name]), "--format", "json")
                    stage.append(json.loads(result.stdout)["durationMicroseconds"]["perform"] / 1e3)
                    path = self.record(space, f"{name}.netlink")
                    made = count(space)
                with self.space(shape) as space:
                    floor.append(int(space.run(self.floor, "replay", path).stdout) / 1e6)
                    self.same(made, count(space))
            a, b = statistics.median(stage), statistics.median(floor)
            self.row(f"perform stage, RuleSource = {name}", a / b, 1.5,
                     f"{a:.2f} ms, floor {b:.2f} ms")

    def queues(self):
        """15 NICs of 8 queues: what it costs to find them as they should be."""
        shape = Shape(15, 1, queues=8)
        wanted = "Queues = { Channels = max; RPS = auto; XPS = auto; };"
        files = {"plain": self.write("plain.plist", shape.file()),
                 "queues": self.write("queues.plist", shape.file(f"Defaults = {{ {wanted} }};"))}
        times = {name: [] for name in files}
        with self.space(shape) as space:
            # As on a host: with the namespace's own /sys. Each remembers for itself.
            commands = {name: ("ip", "netns", "exec", space.name, self.floor, "run", "5",
                               *self.rtsetup("apply", config)) for name, config in files.items()}
            for command in commands.values():
                space.run(*command)
            for _ in range(self.rounds):
                for name, command in commands.items():
                    found = space.run(*command).stdout.splitlines()
                    times[name] += [int(line.split()[0]) / 1e6 for line in found]
        a, b = (statistics.median(times[name]) for name in ("queues", "plain"))
        self.row("second apply, 15 NICs of 8 queues", a / b, 1.5,
                 f"{a:.1f} ms, {b:.1f} ms without Queues")

    def large(self):
        """50 ENIs with 240 IPv4 addresses each."""
        rounds = max(3, self.rounds // 3)
        shape = Shape(50, 240)
        bare = self.write("bare.batch", "\n".join(shape.lines(bare=True)) + "\n")
        config = self.write("large4.plist", shape.file())
        apply, batch = [], []
        for _ in range(rounds):
            with self.space(shape) as space:
                batch += self.timed(space, "ip", "-batch", bare)[0]
            with self.space(shape) as space:
                found, kib = self.timed(space, *self.rtsetup("apply", config))
                apply, self.peak = apply + found, max(self.peak, kib)
        a, b = statistics.median(apply), statistics.median(batch)
        self.row("50 x 240 IPv4, first apply", a / b, 1.5, f"{a:.0f} ms, bare ip -batch {b:.0f} ms")
        self.memory("IPv4")

    def large6(self):
        """The same in IPv6, against the floor: the kernel itself needs seconds."""
        rounds = max(3, self.rounds // 3)
        shape = Shape(50, 240, 6)
        config = self.write("large6.plist", shape.file())
        apply, floor = [], []
        for _ in range(rounds):
            with self.space(shape) as space:
                found, kib = self.timed(space, *self.rtsetup("apply", config))
                apply, self.peak = apply + found, max(self.peak, kib)
                # The end of 12,000 duplicate address detections interrupts a dump, which then has
                # entries twice, and would slow the floor.
                space.settle(60)
                path = self.record(space, "large6.netlink", socket.AF_INET6)
                made = count(space, socket.AF_INET6)
            with self.space(shape) as space:
                floor += self.timed(space, self.floor, "replay", path)[0]
                self.same(made, count(space, socket.AF_INET6))
        a, b = statistics.median(apply), statistics.median(floor)
        self.row("50 x 240 IPv6, first apply", a / b, 1.3, f"{a:.0f} ms, floor {b:.0f} ms")
        self.memory("IPv6")

    def memory(self, family):
        self.row(f"50 x 240 {family}, peak MiB", self.peak / 1024, 100, "ru_maxrss")

    def packets(self):
        """What a rule list costs each packet."""
        one, many = Shape(50, 1), Shape(50, 240)
        with self.space(one) as few, self.space(many) as lots:
            cost = {}
            for shape, space in ((one, few), (many, lots)):
                config = self.write(f"packets{shape.each}.plist", shape.file())
                space.run(*self.rtsetup("apply", config))
                space.ip(f"neigh replace {shape.gateway(49)} lladdr 00:16:3e:00:00:fe dev eth49 "
                         "nud permanent")
                cost[shape.each] = []
            for _ in range(2 * self.rounds + 1):
                for shape, space in ((one, few), (many, lots)):
                    done = space.run(
                        self.floor, "udp", shape.address(49, 1), "203.0.113.9", "100000")
                    cost[shape.each].append(float(done.stdout))
        a, b = statistics.median(cost[240]), statistics.median(cost[1])
        self.row("a packet, 240 addresses an ENI against 1", a / b, 1.1, f"{a:.0f} ns, {b:.0f} ns")

    def watch(self):
        bench_watch.measure(self, Shape(15, 20), Shape(16, 20), count)

    def start(self):
        shape = Shape(15, 20)
        config = self.write("auto.plist", shape.file())
        commands = {"ip": ["ip", "-V"], "version": [BINARY, "--version"],
                    "validate": [BINARY, "validate", config]}
        times = {name: [] for name in commands}
        with self.space(Shape(1, 1)) as space:
            for _ in range(self.rounds):
                for name, command in commands.items():
                    times[name] += self.timed(space, *command, count=20)[0]
        median = {name: statistics.median(found) for name, found in times.items()}
        for name, what, limit in (("version", "start-up (--version)", 3),
                                  ("validate", "validate of the 15 x 20 file", 5)):
            self.row(what, median[name] / median["ip"], limit,
                     f"{median[name]:.2f} ms, ip -V {median['ip']:.2f} ms")

    # The floor's messages

    def record(self, space, name, family=socket.AF_INET):
        """The requests that make what rtsetup has made there: read back, turned into requests."""
        out = bytearray()
        for link in space.show("link show"):
            if link["ifname"].startswith("eth"):
                # RTM_NEWLINK: up, and IFLA_GROUP
                body = struct.pack("=BxHiII", 0, 0, link["ifindex"], 1, 1)
                out += request(16, body + attribute(27, struct.pack("=I", 82)), 0x1)
        kinds = ((20, 8, address_mark), (24, 12, route_mark), (32, 12, rule_mark))
        for kind, header, mark in kinds:  # RTM_NEWADDR, RTM_NEWROUTE, RTM_NEWRULE
            for payload in dump(space, kind + 2, family):
                if mark(payload, header) == 82:
                    out += request(kind, replayable(kind, payload, header), 0x601)
        path = self.folder / name
        path.write_bytes(out)
        return str(path)

    @staticmethod
    def same(wanted, found):
        if wanted != found:
            raise RuntimeError(f"the floor made {found}, rtsetup {wanted}")


def count(space, family=socket.AF_INET):
    """How many addresses and rules are there; link-local ones come when they like."""
    addresses = sum(payload[3] != 253 for payload in dump(space, 22, family))  # RT_SCOPE_LINK
    return addresses, sum(1 for _ in dump(space, 34, family))


def dump(space, kind, family):
    with space.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as link:
        link.send(struct.pack("=IHHIIB15x", 32, kind, 0x301, 1, 0, family))
        while True:
            for found, payload in messages(link.recv(1 << 18)):
                if found == 3:  # NLMSG_DONE
                    return
                if payload[0] == family:
                    yield payload


def address_mark(payload, header):
    return dict(attributes(payload[header:])).get(11, b"\0")[0]  # IFA_PROTO


def route_mark(payload, _):
    return payload[5]  # rtm_protocol


def rule_mark(payload, header):
    return dict(attributes(payload[header:])).get(21, b"\0")[0]  # FRA_PROTOCOL


def replayable(kind, payload, header):
    """A dumped object as a request: without what only the kernel says."""
    head, out = bytearray(payload[:header]), b""
    for name, value in attributes(payload[header:]):
        if kind == 20 and name == 8:  # IFA_FLAGS: IFA_F_NODAD, IFA_F_NOPREFIXROUTE
            value = struct.pack("=I", struct.unpack("=I", value)[0] & 0x202)
        if (kind, name) == (24, 12):  # RTA_CACHEINFO
            continue
        out += attribute(name, value)
    if kind == 20:
        head[2] = 0  # ifa_flags
    else:
        head[8:12] = bytes(4)  # rtm_flags, the rule's flags
    return bytes(head) + out


def attribute(kind, value):
    return struct.pack("=HH", len(value) + 4, kind) + value + bytes(-len(value) % 4)


def request(kind, body, flags):
    return struct.pack("=IHHII", len(body) + 16, kind, flags, 1, 0) + body


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("part", nargs="*", choices=[*PARTS, []])
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("bench: network namespaces need root")
    folder = tempfile.mkdtemp(prefix="rtsetup-bench-", dir="/dev/shm")
    try:
        bench = Bench(folder, options.rounds)
        for part in options.part or PARTS:
            try:
                getattr(bench, part)()
            except RuntimeError as error:
                bench.missed += 1
                print(f"  {part}: {str(error)[:900]}", file=sys.stderr)
        bench.table()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if bench.missed else 0)


if __name__ == "__main__":
    main()
