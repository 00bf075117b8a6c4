"""A Debian 12 guest as clouds deliver it: systemd, udev, networkd, and its NICs in a small VPC.

Its root file system is made once (`boot/image`) and kept by content; each guest writes to an
overlay of its own. What a test brings along, packages and files, is on a second disk.

`python3 integration/debian.py` makes the image alone, for scripts/setup.
"""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from case import Result
from guest import Guest, cache_folder, fetch_kernel
from vpc import VPC

BOOT = Path(__file__).resolve().parent / "boot"
QUEUES = 2
# What is dear under emulation: drivers of what no cloud's host has, self-tests, the second CPU's delay
# loop measured anew, pages zeroed twice.
FRUGAL = ("modprobe.blacklist=ata_piix,ata_generic,kvm_amd,powernow_k8,acpi_cpufreq,psmouse,"
          "i2c_piix4 cryptomgr.notests lpj=8000000 init_on_alloc=0")


class GuestVPC(VPC):
    """The host of this VPC is a guest: its NICs are taps. Its primary's address comes by DHCP."""

    def _build(self):
        super()._build()
        nic = self.nics["eth0"]
        self.cloud.start(
            "setpriv", "--pdeathsig", "KILL",
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--no-ping",
            "--interface=br-a", "--bind-interfaces", "--user=root", "--leasefile-ro",
            f"--pid-file={self.folder}/dnsmasq.pid", "--log-facility=-",
            f"--dhcp-range={nic.addresses[0]},{nic.addresses[0]},255.255.255.0,3600",
            f"--dhcp-host={nic.mac},{nic.addresses[0]}", f"--dhcp-option=3,{nic.subnet.gateway4}",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _plug(self, nic):
        self.cloud.ip(f"tuntap add dev {nic.port} mode tap multi_queue", f"link set {nic.port} up")


class QMP:
    """QEMU's own control socket."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(60)
        self._socket.connect(path)
        self._lines = self._socket.makefile("r", encoding="utf-8")
        self._lines.readline()  # its greeting
        self("qmp_capabilities")

    def __call__(self, command, **arguments):
        self.tell(command, **arguments)
        while answer := json.loads(self._lines.readline()):
            if "error" in answer:
                raise RuntimeError(f"QMP {command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def tell(self, command, **arguments):
        """Waits for no answer."""
        words = {"execute": command, "arguments": arguments}
        self._socket.sendall(json.dumps(words).encode() + b"\n")

    def await_event(self, name):
        while json.loads(self._lines.readline()).get("event") != name:
            pass

    def close(self):
        self._lines.close()
        self._socket.close()


class Debian(Guest):
    """One boot of a disk. It is up when its agent answers, early; `settle` waits for the rest."""

    boot_seconds = 240
    init = (BOOT / "init").read_text(encoding="utf-8")
    modules = ("virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev",
               "virtio_pci", "virtio_blk")

    def __init__(self, vpc, disk, *, attached=("eth0", "eth1", "eth2"), payload=None, line="",
                 resume=None):
        """`resume`: a moment of this disk that `keep` has kept."""
        self.vpc, self.disk, self.payload, self.resume = vpc, disk, payload, resume
        self.qmp = None
        nics = [vpc.nics[name] for name in attached]
        super().__init__(cpus=2, nics=nics, memory=512,
                         kernel_line=f"quiet {FRUGAL} {line}")
        self.qmp = QMP(f"{self.folder}/qmp")

    def close(self):
        if self.qmp:
            self.qmp.close()
        super().close()

    @staticmethod
    def programs():
        return {"bin/busybox": shutil.which("busybox")}

    def _make_network(self):
        self.space = self.vpc.cloud

    def _drop_network(self):
        """It is the VPC's."""

    def _devices(self):
        words = ["-qmp", f"unix:{self.folder}/qmp,server=on,wait=off",
                 "-drive", f"file={self.disk},format=qcow2,if=virtio,cache=unsafe"]
        if self.resume:
            words += ["-loadvm", self.resume]
        if self.payload:
            words += ["-drive", f"file={self.payload},format=raw,if=virtio,readonly=on"]
        for nic in self.nics:
            number = int(nic.name[-1])
            words += [
                "-netdev", f"tap,id={nic.name},ifname={nic.port},queues={QUEUES},"
                           "script=no,downscript=no,vhost=off",
                "-device", f"virtio-net-pci,id={nic.name}-nic,netdev={nic.name},mac={nic.mac},"
                           f"mq=on,vectors={2 * QUEUES + 2},romfile=,addr={16 + number:#x}"]
        return words

    # Its life

    def _await_boot(self):
        if self.resume:
            self.run("true", timeout=self.boot_seconds)
        else:
            super()._await_boot()

    def _ask(self, script, timeout):
        """In the words of `boot/root/usr/local/sbin/agent`."""
        line = script.replace("\\", r"\\").replace("\n", r"\n")
        self._control.sendall(line.encode() + b"\n")
        code, *lengths = map(int, self._answer(timeout, f"done with {script!r}").split())
        return Result(code, *(self._answers.read(length).decode() for length in lengths))

    def settle(self, timeout=240):
        """Waits until everything has been started; `running` if all is well."""
        return self.run("systemctl", "is-system-running", "--wait", check=False,
                        timeout=timeout).out.strip()

    def moment(self, name, unit=""):
        """A monotonic timestamp of systemd's about a unit, or about itself, in seconds."""
        words = self.run("systemctl", "show", f"--property={name}", *unit.split()).out
        return int(words.removeprefix(f"{name}=")) / 1e6

    def seconds_between(self, first, last, unit=""):
        return self.moment(last, unit) - self.moment(first, unit)

    def cut(self):
        """The power goes."""
        self.qmp.tell("quit")
        self._qemu.wait(30)
        self.close()

    def copy_disk(self, path):
        """What is on the disk now."""
        self.run("sync")
        self.qmp("stop")
        shutil.copy(self.disk, path)
        self.qmp("cont")
        return path

    def keep(self, name):
        """This moment, memory and disk, on the disk."""
        refused = self.qmp("human-monitor-command", **{"command-line": f"savevm {name}"})
        if refused:
            raise RuntimeError(f"savevm: {refused}")

    # Its NICs

    def attach(self, name, slot):
        """The cloud gives it a further ENI."""
        nic = self.vpc.nics[name]
        self.qmp("netdev_add", type="tap", id=name, ifname=nic.port, queues=QUEUES,
                 script="no", downscript="no", vhost=False)
        self.qmp("device_add", driver="virtio-net-pci", id=f"{name}-nic", netdev=name,
                 mac=nic.mac, mq=True, vectors=2 * QUEUES + 2, romfile="", bus="pci.0",
                 addr=f"{slot:#x}")

    def detach(self, name):
        self.qmp("device_del", id=f"{name}-nic")
        self.qmp.await_event("DEVICE_DELETED")
        self.qmp("netdev_del", id=name)

    def link(self, name):
        """What the guest calls the NIC that has this place in the VPC; None: it is not there."""
        mac = self.vpc.nics[name].mac
        return next((link["ifname"] for link in self.show("link show")
                     if link.get("address") == mac), None)

    def show(self, line):
        """What `ip -j -d` says."""
        return json.loads(self.run("ip", "-j", "-d", *line.split()).out or "[]")

    def wait(self, condition, what, timeout=30):
        end = time.monotonic() + timeout
        while not (found := condition()):
            if time.monotonic() > end:
                raise TimeoutError(f"no {what} within {timeout} s")
            time.sleep(0.1)
        return found


def overlay(backing, path):
    """A disk that begins as another, which stays as it is."""
    kind = "qcow2" if Path(backing).suffix == ".qcow2" else "raw"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", kind, "-b", backing, path],
                   check=True)
    return path


def image():
    """The root file system, made where it is not there yet."""
    kernel = fetch_kernel()[1].parent.parent
    content = hashlib.sha256(kernel.name.encode())
    for path in sorted(path for path in BOOT.rglob("*") if path.is_file()):
        content.update(f"{path.relative_to(BOOT)} {path.stat().st_mode & 0o111}\n".encode())
        content.update(path.read_bytes())
    made = cache_folder() / f"debian-{content.hexdigest()[:16]}.img"
    if not made.exists():
        for older in made.parent.glob("debian-*.img"):
            older.unlink()
        with tempfile.TemporaryDirectory(dir=made.parent) as folder:
            subprocess.run([BOOT / "image", kernel, f"{folder}/disk"], check=True)
            os.rename(f"{folder}/disk", made)
    return made


if __name__ == "__main__":
    image()
