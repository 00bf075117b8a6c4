"""A network namespace, what the kernel holds in it, and what it says about changes."""

import contextlib
import ctypes
import json
import os
import signal
import socket
import struct
import subprocess
import time

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000

# Set by the kernel itself as time goes by, or not readable twice alike.
_VOLATILE_SYSCTLS = ("nf_conntrack_count", "tcp_fastopen_key", "flush")


def _setns(fd):
    if _libc.setns(fd, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Namespace:
    """A named network namespace; gone after `close`."""

    def __init__(self, name):
        self.name = name
        self._children = []
        subprocess.run(["ip", "netns", "add", name], check=True)
        self._fd = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)
        self.ip("link set lo up")

    def close(self):
        for child in self._children:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout, child.stderr):
                if pipe:
                    pipe.close()
        self._children.clear()
        # What those have started themselves would keep the namespace for ever.
        left = subprocess.run(["ip", "netns", "pids", self.name], check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for pid in left.stdout.split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        with contextlib.suppress(OSError):
            os.close(self._fd)
        subprocess.run(["ip", "netns", "del", self.name], check=False, stderr=subprocess.DEVNULL)

    @contextlib.contextmanager
    def entered(self):
        """The calling thread, and each process and socket it makes, is in the namespace."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        _setns(self._fd)
        try:
            yield self
        finally:
            _setns(home)
            os.close(home)

    # Processes and sockets

    def run(self, *command, check=True, **options):
        if "input" not in options:
            options["stdin"] = subprocess.DEVNULL
        with self.entered():
            result = subprocess.run(command, capture_output=True, text=True, **options)
        if check and result.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {result.stderr.strip() or result.stdout}")
        return result

    def start(self, *command, **options):
        """A process that `close` ends."""
        with self.entered():
            child = subprocess.Popen(command, text=True, **options)
        self._children.append(child)
        return child

    def socket(self, family, kind, protocol=0):
        with self.entered():
            return socket.socket(family, kind, protocol)

    def ip(self, *lines):
        """Runs iproute2 lines, one each: `link set lo up`."""
        with self.entered():
            for line in lines:
                result = subprocess.run(
                    ["ip", *line.split()], capture_output=True, text=True, check=False)
                if result.returncode != 0:
                    raise RuntimeError(f"ip {line}: {result.stderr.strip()}")

    def tc(self, lines):
        self.run("tc", "-batch", "-", input="\n".join(lines) + "\n")

    def show(self, line):
        """What `ip -j -d` says: `-4 route show table all`."""
        return json.loads(self.run("ip", "-j", "-d", *line.split()).stdout or "[]")

    def sysctl(self, name, value=None):
        with self.entered():
            path = "/proc/sys/" + (name if "/" in name else name.replace(".", "/"))
            if value is None:
                with open(path, encoding="ascii") as file:
                    return file.read().strip()
            with open(path, "w", encoding="ascii") as file:
                file.write(str(value))
        return str(value)

    def has(self, path):
        """Whether the sysctl is there."""
        with self.entered():
            return os.path.exists("/proc/sys/" + path.replace(".", "/"))

    # What the kernel holds

    def links(self):
        return {
            link["ifname"]: {
                "up": "UP" in link["flags"], "mtu": link["mtu"],
                "group": link.get("group", "default"), "address": link.get("address"),
            } for link in self.show("link show")
        }

    def addresses(self, family="", lifetimes=False):
        """`eth0 10.0.0.19/24 …`, in the kernel's order per interface."""
        volatile = {"tentative", "dadfailed", "optimistic"}
        volatile |= set() if lifetimes else {"valid_life_time", "preferred_life_time"}
        found = []
        for link in self.show(f"{family} addr show"):
            for entry in link.get("addr_info", []):
                entry = {key: value for key, value in entry.items() if key not in volatile}
                found.append((link["ifname"], json.dumps(entry, sort_keys=True)))
        return sorted(found)

    def routes(self, family="-4", table="all"):
        found = []
        for route in self.show(f"{family} route show table {table}"):
            for key in ("expires", "cache", "flags", "pref"):
                route.pop(key, None)
            found.append(json.dumps(route, sort_keys=True))
        return sorted(found)

    def rules(self, family="-4"):
        return [json.dumps(rule, sort_keys=True) for rule in self.show(f"{family} rule show")]

    def sysctls(self):
        values = {}
        with self.entered():
            for folder, _, names in os.walk("/proc/sys/net"):
                for name in names:
                    path = os.path.join(folder, name)
                    if any(word in path for word in _VOLATILE_SYSCTLS):
                        continue
                    with contextlib.suppress(OSError), open(path, encoding="ascii") as file:
                        values[path[len("/proc/sys/"):]] = file.read()
        return values

    def qdiscs(self):
        """Those with a handle: the others are the kernel's own, given at a link's first up."""
        lines = self.run("tc", "qdisc", "show").stdout.splitlines()
        return sorted(line for line in lines if line.split()[2] != "0:")

    def dump(self):
        """Everything that a run must leave as it was, without lifetimes."""
        self.settle()
        return {
            "links": self.links(),
            "addresses": self.addresses(),
            "routes4": self.routes("-4"), "routes6": self.routes("-6"),
            "rules4": self.rules("-4"), "rules6": self.rules("-6"),
            "qdiscs": self.qdiscs(),
            "sysctls": self.sysctls(),
        }

    def marks(self):
        """IFA_PROTO of each address, which iproute2 6.1 does not show: {(eth1, 10.0.0.20): 82}."""
        names = {link["ifindex"]: link["ifname"] for link in self.show("link show")}
        marks = {}
        with self.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as link:
            # RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, struct ifaddrmsg
            link.send(struct.pack("=IHHII8x", 24, 22, 0x301, 1, 0))
            while True:
                for kind, payload in messages(link.recv(1 << 17)):
                    if kind == 3:  # NLMSG_DONE
                        return marks
                    family, _, _, _, index = struct.unpack_from("=BBBBI", payload)
                    found = dict(attributes(payload[8:]))
                    raw = found.get(2) or found.get(1)  # IFA_LOCAL, IFA_ADDRESS
                    if raw:
                        text = socket.inet_ntop(family, raw)
                        marks[names[index], text] = found.get(11, b"\0")[0]  # IFA_PROTO

    def settle(self, timeout=5.0):
        """Waits until no IPv6 address is tentative."""
        end = time.monotonic() + timeout
        while "tentative" in self.run("ip", "-6", "addr", "show").stdout:
            if time.monotonic() > end:
                raise TimeoutError("an IPv6 address is still tentative")
            time.sleep(0.05)


def messages(data):
    """The netlink messages in a datagram."""
    while len(data) >= 16:
        length, kind = struct.unpack_from("=IH", data)
        if length < 16:
            return
        yield kind, data[16:length]
        data = data[(length + 3) & ~3:]


def attributes(data):
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if length < 4:
            return
        yield kind & 0x3FFF, data[4:length]
        data = data[(length + 3) & ~3:]


class Monitor:
    """Each rtnetlink event in a namespace, neighbours apart, which age by themselves."""

    _NAMES = {16: "new link", 17: "del link", 20: "new address", 21: "del address",
              24: "new route", 25: "del route", 32: "new rule", 33: "del rule", 80: "netconf"}
    _GROUPS = [1, 4, 5, 7, 8, 9, 11, 12, 18, 19, 20, 24, 25]

    def __init__(self, namespace):
        self._socket = namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
        self._socket.bind((0, 0))
        for group in self._GROUPS:
            self._socket.setsockopt(270, 1, group)  # SOL_NETLINK, NETLINK_ADD_MEMBERSHIP
        self._socket.setblocking(False)

    def events(self):
        """What has happened since the last call; the kernel queues it before a caller's ack."""
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                for kind, _ in messages(self._socket.recv(1 << 17)):
                    found.append(self._NAMES.get(kind, str(kind)))
        return found

    def close(self):
        self._socket.close()


def differences(before, after):
    """What tells two dumps apart, readable in a failed test."""
    lines = []
    for kind in before:
        old, new = before[kind], after[kind]
        if old == new:
            continue
        if isinstance(old, dict):
            lines += [f"{kind} {key}: {old.get(key)!r} -> {new.get(key)!r}"
                      for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)]
        elif isinstance(old, str):
            lines += [f"{kind}: {old!r} -> {new!r}"]
        else:
            lines += [f"{kind} - {item}" for item in old if item not in new]
            lines += [f"{kind} + {item}" for item in new if item not in old]
            if sorted(map(str, old)) == sorted(map(str, new)):
                lines += [f"{kind}: another order"]
            elif len(old) != len(new):
                lines += [f"{kind}: {len(old)} -> {len(new)}"]
    return lines
