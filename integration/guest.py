"""A QEMU guest with multi-queue virtio NICs, to see queues and CPUs that a namespace does not have.

Debian's cloud kernel, an initramfs of busybox, iproute2 and the built binary, and nothing else: up
in seconds under software emulation (/dev/kvm is left alone). Each NIC is a tap in a namespace of
the guest's own. Commands go in and come out, framed, over the second serial port; the first is the
console, which a guest that fails tells. QEMU dies with the test.

`python3 integration/guest.py` fetches the kernel alone, for scripts/setup.
"""

import base64
import contextlib
import itertools
import operator
import os
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from case import BINARY, Result
from namespace import Namespace

PACKAGE = "linux-image-cloud-amd64"
# Beside other work on the machine, the guest and what is sent into it keep their pace.
NICENESS = -15
_guests = itertools.count()

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
for module in @MODULES@; do insmod /modules/$module.ko || exit 1; done
# The kernel counts NICs by bus, which need not be the order in which they were asked for.
for link in /sys/class/net/eth*; do
    mac=$(cat $link/address)
    /sbin/ip link set ${link##*/} name nic$((0x${mac##*:}))
done
for link in /sys/class/net/nic*; do /sbin/ip link set ${link##*/} name eth${link##*nic}; done
/sbin/ip link set lo up
stty -F /dev/ttyS1 raw -echo
exec </dev/ttyS1 >/dev/ttyS1
echo ready
while read -r command; do
    echo "$command" | base64 -d >/tmp/command
    sh /tmp/command </dev/null >/tmp/out 2>/tmp/err
    echo "$? $(base64 /tmp/out | tr -d '\\n'):$(base64 /tmp/err | tr -d '\\n')"
done
poweroff -f
"""


@dataclass
class GuestNIC:
    """Its tap, its address and its name in the guest follow from its place in the list."""
    queues: int = 4
    node: int = None  # that its PCI bus belongs to


class Guest:
    """Use it as a context manager, or call `close`."""

    boot_seconds = 90
    niceness = NICENESS
    init = INIT
    # In the order of their needs.
    modules = ("failover", "net_failover", "virtio_ring", "virtio", "virtio_pci_legacy_dev",
               "virtio_pci_modern_dev", "virtio_pci", "virtio_net")

    def __init__(self, cpus=4, nodes=1, nics=(GuestNIC(),), kernel_line="", memory=512):
        self.nics = nics
        self._control = self._qemu = self.space = None
        self.folder = Path(tempfile.mkdtemp(prefix="rtsetup-guest-"))
        try:
            kernel, modules = fetch_kernel()
            self._make_initramfs(modules)
            self._make_network()
            self._start([
                *_machine(cpus, nodes, memory), *self._devices(),
                "-kernel", str(kernel), "-initrd", str(self.folder / "initramfs"),
                "-append", f"console=ttyS0 panic=-1 mitigations=off {kernel_line}"])
            self._await_boot()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self._control:
            self._answers.close()
            self._control.close()
        if self._qemu:
            self._qemu.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._qemu.wait(10)
        self._drop_network()
        shutil.rmtree(self.folder, ignore_errors=True)

    # What it is made of

    def _make_initramfs(self, modules):
        tree = self.folder / "tree"
        for name in ("bin", "sbin", "proc", "sys", "dev", "run", "tmp", "modules", "etc/rtsetup",
                     "var/lib"):
            (tree / name).mkdir(parents=True)
        init = self.init.replace("@MODULES@", " ".join(self.modules))
        (tree / "init").write_text(init, encoding="utf-8")
        (tree / "init").chmod(0o755)
        for module in self.modules:
            shutil.copy(next(modules.rglob(f"{module}.ko")), tree / "modules")
        for path, program in self.programs().items():
            shutil.copy(program, tree / path)
            for library in _libraries(program):
                target = tree / library.lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                if not target.exists():
                    shutil.copy(library, target)
        names = "\n".join(sorted(str(path.relative_to(tree)) for path in tree.rglob("*")))
        with open(self.folder / "initramfs", "wb") as archive:
            subprocess.run(["cpio", "--create", "--format=newc", "--quiet"], cwd=tree, check=True,
                           input=names.encode(), stdout=archive)
        shutil.rmtree(tree)

    @staticmethod
    def programs():
        """Busybox has an `ip` of its own, hence /sbin."""
        return {"bin/busybox": shutil.which("busybox"), "sbin/ip": shutil.which("ip"),
                "bin/rtsetup": BINARY}

    def _make_network(self):
        self.space = Namespace(f"rtsetup-{os.getpid()}-guest-{next(_guests)}")
        for index, nic in enumerate(self.nics):
            self._make_tap(index, nic)

    def _drop_network(self):
        if self.space:
            self.space.close()

    def _make_tap(self, index, nic):
        """The namespace's end: an address, and the guest's MAC without asking for it."""
        self.space.ip(f"tuntap add dev tap{index} mode tap multi_queue",
                      f"addr add {self.gateway(index)}/24 dev tap{index}",
                      f"link set tap{index} up",
                      f"neigh add {self.address(index)} lladdr {self.mac(index)} dev tap{index} "
                      "nud permanent")

    def _devices(self):
        """Each NIC, on a PCI bus of its own where that bus belongs to a node."""
        words = []
        for index, nic in enumerate(self.nics):
            bus = "pci.0"
            if nic.node is not None:
                bus = f"pxb{index}"
                words += ["-device", f"pxb,id={bus},bus=pci.0,bus_nr={64 + 16 * index},"
                                     f"numa_node={nic.node}"]
            words += [
                "-netdev", f"tap,id=net{index},ifname=tap{index},queues={nic.queues},"
                           "script=no,downscript=no,vhost=off",
                "-device", f"virtio-net-pci,netdev=net{index},mac={self.mac(index)},mq=on,"
                           f"vectors={2 * nic.queues + 2},romfile=,bus={bus}"]
        return words

    @staticmethod
    def mac(index):
        return f"00:16:3e:00:00:{index:02x}"

    @staticmethod
    def address(index):
        return f"10.9.{index}.2"

    @staticmethod
    def gateway(index):
        return f"10.9.{index}.1"

    # Its life

    def _start(self, words):
        control = self.folder / "control"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(control))
            listener.listen()
            with open(self.folder / "qemu", "wb") as complaints:
                self._qemu = self.space.start(
                    "nice", "-n", str(self.niceness), "setpriv", "--pdeathsig", "KILL",
                    "qemu-system-x86_64", *words,
                    "-serial", f"file:{self.folder}/console",
                    "-chardev", f"socket,id=control,path={control}", "-serial", "chardev:control",
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=complaints)
            listener.settimeout(20)
            try:
                self._control, _ = listener.accept()
            except TimeoutError:
                raise self._failure("QEMU did not start") from None
        self._answers = self._control.makefile("rb")

    def _await_boot(self):
        if self._answer(self.boot_seconds, "came up") != "ready":
            raise self._failure("the guest's first word was not 'ready'")

    def _answer(self, seconds, what):
        self._control.settimeout(seconds)
        try:
            line = self._answers.readline()
        except TimeoutError:
            raise self._failure(f"not {what} within {seconds} s") from None
        if not line:
            raise self._failure(f"the guest died before it {what}")
        return line.decode().strip()

    def _failure(self, reason):
        told = ""
        for name in ("qemu", "console"):
            with contextlib.suppress(OSError):
                text = (self.folder / name).read_text(encoding="utf-8", errors="replace")
                told += f"\n--- {name}\n{text[-8000:]}"
        return RuntimeError(f"{reason}{told}")

    # What is done in it

    def run(self, *words, check=True, timeout=60):
        """One command, and what came of it."""
        return self.shell(shlex.join(words), check, timeout)

    def shell(self, script, check=True, timeout=60):
        result = self._ask(script, timeout)
        if check and result.code != 0:
            raise RuntimeError(f"{script}: exit {result.code}\n{result.text}")
        return result

    def _ask(self, script, timeout):
        self._control.sendall(base64.b64encode(script.encode()) + b"\n")
        code, output = self._answer(timeout, f"done with {script!r}").split(" ")
        return Result(int(code), *(base64.b64decode(text).decode() for text in output.split(":")))

    def read(self, path):
        return self.run("cat", path).out

    def write(self, path, text):
        self.shell(f"printf %s {shlex.quote(text)} >{shlex.quote(path)}")

    # What goes into it

    @contextlib.contextmanager
    def traffic(self, index=0, flows=64, rate=6000):
        """UDP from the namespace into NIC `index` as long as the context lasts."""
        sockets = [self.space.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(flows)]
        stop = threading.Event()
        sender = threading.Thread(
            target=_send, args=(sockets, (self.address(index), 9), rate, stop))
        sender.start()
        try:
            yield
        finally:
            stop.set()
            sender.join()
            for each in sockets:
                each.close()

    def load(self):
        """What its CPUs have done so far."""
        return Load(self.read("/proc/net/softnet_stat"))


class Load:
    """The judge's own reading: packets, IPIs of RPS and drops per CPU; one less another.

    The IPIs are counted where they arrive (`received_rps`): in the measured guests they are CAL of
    /proc/interrupts but for some ten a second that other things cause.
    """

    def __init__(self, softnet):
        rows = [[int(word, 16) for word in line.split()] for line in softnet.splitlines()]
        self.packets = {row[12]: row[0] for row in rows}
        self.drops = {row[12]: row[1] for row in rows}
        self.ipis = {row[12]: row[9] for row in rows}

    def __sub__(self, earlier):
        return self._combined(earlier, operator.sub)

    def __add__(self, other):
        return self._combined(other, operator.add)

    def _combined(self, other, operation):
        result = object.__new__(Load)
        for name, counts in vars(self).items():
            theirs = getattr(other, name)
            setattr(result, name, {cpu: operation(counts[cpu], theirs[cpu]) for cpu in counts})
        return result

    @property
    def total(self):
        return sum(self.packets.values())

    @property
    def total_ipis(self):
        return sum(self.ipis.values())

    @property
    def ipis_per_packet(self):
        return self.total_ipis / self.total

    @property
    def jain(self):
        return self.total ** 2 / len(self.packets) / sum(p * p for p in self.packets.values())


def _send(sockets, target, rate, stop):
    """Rounds of one packet a flow. Real traffic comes in bursts too, and only within a burst can
    one IPI serve many packets: packets one by one would cost an IPI each, whatever the masks.
    A round that is late delays the next: two at once would be another kind of traffic."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
    pause = len(sockets) / rate
    due = time.monotonic()
    while not stop.wait(max(0, due - time.monotonic())):
        due = max(due, time.monotonic() - pause / 2) + pause
        for each in sockets:
            each.sendto(b"12345678", target)


def _machine(cpus, nodes, memory):
    # Without RDRAND the kernel spins for seconds until it has enough random bits.
    words = ["-accel", "tcg,thread=multi", "-cpu", "qemu64,+rdrand", "-smp", str(cpus), "-m", str(memory),
             "-nodefaults", "-display", "none", "-no-reboot"]
    share = cpus // nodes
    for node in range(nodes) if nodes > 1 else ():
        words += ["-object", f"memory-backend-ram,id=memory{node},size={memory // nodes}M",
                  "-numa", f"node,nodeid={node},memdev=memory{node},"
                           f"cpus={node * share}-{node * share + share - 1}"]
    return words


def _libraries(program):
    """None, where it is linked statically."""
    out = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    return re.findall(r"(/\S+) \(0x", out)


def cache_folder():
    """What is made once and used by every run."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rtsetup"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def fetch_kernel():
    """The kernel and the folder of its modules: unpacked from apt's package, not installed."""
    depends = subprocess.run(["apt-cache", "depends", PACKAGE], capture_output=True, text=True,
                             check=True).stdout
    package = re.search(r"Depends: (linux-image-\S+)", depends)[1]
    cache = cache_folder() / package
    if not cache.exists():
        with tempfile.TemporaryDirectory(dir=cache.parent) as folder:
            subprocess.run(["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", package],
                           cwd=folder, check=True)
            (archive,) = Path(folder).glob("*.deb")
            tree = Path(folder) / "tree"
            subprocess.run(["dpkg-deb", "--extract", archive, tree], check=True)
            tree.rename(cache)
    (kernel,) = cache.glob("boot/vmlinuz-*")
    return kernel, cache / "lib/modules"


if __name__ == "__main__":
    fetch_kernel()
