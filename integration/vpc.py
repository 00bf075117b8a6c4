"""A small VPC of network namespaces: a host with four NICs, the cloud, two peers, the internet.

    host  eth0 10.0.0.19 (primary)  eth1 10.0.0.20, .30  eth2 10.0.0.21   subnet A 10.0.0.0/24
          eth3 10.0.1.20 and 20 secondaries                              subnet B 10.0.1.0/24
    cloud a bridge a subnet, gateways 10.0.0.253 and 10.0.1.253, a port for each NIC
    peer-a, peer-b   another machine in each subnet
    inet  "the internet"

The cloud is strict, as real ones are: a packet whose source does not belong to the port is dropped.
"""

import contextlib
import fcntl
import ipaddress
import itertools
import os
import select
import shutil
import socket
import struct
import tempfile
import time
from dataclasses import dataclass, field

from namespace import Namespace

INET4, INET6 = "198.51.100.2", "2001:db8:ffff::2"
PROBE_PORT = 7777
_runs = itertools.count()


@dataclass
class Subnet:
    name: str
    prefix4: str
    prefix6: str

    def host4(self, number):
        return f"{self.prefix4}.{number}"

    def host6(self, number):
        return f"{self.prefix6}::{number}"

    @property
    def gateway4(self):
        return self.host4(253)

    @property
    def gateway6(self):
        return self.host6("ff")


A = Subnet("a", "10.0.0", "2001:db8:0:1")
B = Subnet("b", "10.0.1", "2001:db8:0:2")
PEERS = {A.name: (A.host4(100), A.host6(100)), B.name: (B.host4(100), B.host6(100))}


@dataclass
class NIC:
    """A NIC of the host and what the cloud has assigned to it."""
    name: str
    subnet: Subnet
    addresses: list = field(default_factory=list)

    @property
    def mac(self):
        return f"00:16:3e:12:e7:0{self.name[-1]}"

    @property
    def port(self):
        return "port" + self.name[-1]

    def of(self, version):
        return [a for a in self.addresses if ipaddress.ip_address(a).version == version]


def four_nics():
    """The guide's three on one subnet, and one with 20 secondary addresses on another."""
    return [
        NIC("eth0", A, ["10.0.0.19", A.host6(19)]),
        NIC("eth1", A, ["10.0.0.20", "10.0.0.30", A.host6(20)]),
        NIC("eth2", A, ["10.0.0.21", A.host6(21)]),
        NIC("eth3", B, [f"10.0.1.{n}" for n in range(20, 41)] + [B.host6(20), B.host6(21)]),
    ]


class VPC:
    """Use it as a context manager, or call `close`."""

    def __init__(self, nics=None):
        self.nics = {nic.name: nic for nic in nics or four_nics()}
        self.folder = tempfile.mkdtemp(prefix="rtsetup-vpc-")
        os.chmod(self.folder, 0o755)
        self._prefix = f"rtsetup-{os.getpid()}-{next(_runs)}"
        self._spaces = []
        self._servers = []
        self._granted = {}
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for server in self._servers:
            server.close()
        for space in self._spaces:
            space.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Building

    def namespace(self, name):
        """One more namespace, gone with the VPC."""
        space = Namespace(f"{self._prefix}-{name}")
        self._spaces.append(space)
        for scope in ("all", "default"):
            space.sysctl(f"net.ipv4.conf.{scope}.rp_filter", 0)
            space.sysctl(f"net.ipv4.conf.{scope}.arp_ignore", 0)
            space.sysctl(f"net.ipv4.conf.{scope}.arp_announce", 0)
        return space

    def link(self, left, left_name, right, right_name, *options):
        """A veth pair between two namespaces, both ends up."""
        left.ip(f"link add {left_name} {' '.join(options)} type veth "
                f"peer name {right_name} netns {right.name}")
        left.ip(f"link set {left_name} up")
        right.ip(f"link set {right_name} up")

    def _build(self):
        self.host, self.cloud = self.namespace("host"), self.namespace("cloud")
        self.inet = self.namespace("inet")
        self.peers = {"a": self.namespace("peer-a"), "b": self.namespace("peer-b")}
        cloud = self.cloud
        for key in ("ipv4.conf.all.send_redirects", "ipv4.conf.default.send_redirects"):
            cloud.sysctl("net." + key, 0)
        for space in (cloud, self.inet, *self.peers.values()):
            space.sysctl("net.ipv6.conf.default.accept_dad", 0)
        cloud.sysctl("net.ipv4.ip_forward", 1)
        cloud.sysctl("net.ipv6.conf.all.forwarding", 1)
        self.host.sysctl("net.ipv4.conf.default.rp_filter", 2)  # as Debian and its kin boot
        self.host.sysctl("net.ipv6.conf.default.router_solicitation_delay", 0)

        cloud.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
        self.link(cloud, "trash", cloud, "bin")  # where dropped packets are counted
        cloud.sysctl("net.ipv6.conf.default.disable_ipv6", 0)
        for subnet in (A, B):
            bridge = f"br-{subnet.name}"
            cloud.ip(f"link add {bridge} type bridge mcast_snooping 0", f"link set {bridge} up",
                     f"addr add {subnet.gateway4}/24 dev {bridge}",
                     f"addr add {subnet.gateway6}/64 dev {bridge} nodad")
            peer = self.peers[subnet.name]
            self.link(peer, "eth0", cloud, f"peer-{subnet.name}")
            cloud.ip(f"link set peer-{subnet.name} master {bridge}")
            v4, v6 = PEERS[subnet.name]
            peer.ip(f"addr add {v4}/24 dev eth0", f"addr add {v6}/64 dev eth0 nodad",
                    f"route add default via {subnet.gateway4}",
                    f"-6 route add default via {subnet.gateway6}")
        self.link(self.inet, "eth0", cloud, "inet")
        cloud.ip("addr add 198.51.100.1/24 dev inet", "addr add 2001:db8:ffff::1/64 dev inet nodad")
        self.inet.ip(f"addr add {INET4}/24 dev eth0", f"addr add {INET6}/64 dev eth0 nodad",
                     "route add default via 198.51.100.1",
                     "-6 route add default via 2001:db8:ffff::1")
        for nic in self.nics.values():
            self._attach(nic)
        for space in (self.inet, *self.peers.values()):
            self.serve(space)

    def _plug(self, nic):
        """The NIC, and the port that the cloud sees it at."""
        self.link(self.host, nic.name, self.cloud, nic.port, "address", nic.mac)
        self.host.ip(f"link set {nic.name} down")
        # Duplicate address detection as ever, but in a tenth of a second.
        self.host.sysctl(f"net.ipv6.neigh.{nic.name}.retrans_time_ms", 100)

    def _attach(self, nic):
        self._plug(nic)
        self.cloud.sysctl(f"net.ipv6.conf.{nic.port}.disable_ipv6", 1)
        self.cloud.ip(f"link set {nic.port} master br-{nic.subnet.name}")
        match = f"filter add dev {nic.port} ingress"
        self.cloud.tc([
            f"qdisc add dev {nic.port} clsact",
            f"{match} protocol ip prio 1 u32 match ip src 0.0.0.0/32 flowid :1",
            f"{match} protocol arp prio 2 u32 {_arp_sender(0)} flowid :1",
            f"{match} protocol ipv6 prio 3 u32 match ip6 src ::/128 flowid :1",
            f"{match} protocol ipv6 prio 3 u32 match ip6 src fe80::/10 flowid :1",
            f"{match} protocol all prio 9 u32 match u32 0 0 flowid :1 "
            f"action mirred egress redirect dev trash",
        ])
        self.grant(nic.name, *nic.addresses)

    def grant(self, name, *addresses):
        """The cloud assigns further addresses to a NIC."""
        nic, lines = self.nics[name], []
        for address in map(ipaddress.ip_address, addresses):
            match = f"filter add dev {nic.port} ingress"
            if address.version == 4:
                lines += [
                    f"{match} protocol ip prio 1 u32 match ip src {address}/32 flowid :1",
                    f"{match} protocol arp prio 2 u32 {_arp_sender(int(address))} flowid :1"]
            else:
                lines += [f"{match} protocol ipv6 prio 3 u32 match ip6 src {address}/128 flowid :1"]
            self._granted.setdefault(nic.port, set()).add(str(address))
        self.cloud.tc(lines)

    def serve(self, space, *addresses):
        """Echoes probes in a namespace; an address that is not the first there wants its own."""
        for address in addresses or ("0.0.0.0", "::"):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            server = space.socket(family, socket.SOCK_DGRAM)
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            server.bind((address, PROBE_PORT))
            server.setblocking(False)
            self._servers.append(server)

    def deliver(self, ipv6=True):
        """The host as clouds hand it over: the primary configured, the others not."""
        nic = self.nics["eth0"]
        self.host.ip("link set eth0 up", f"addr add {nic.addresses[0]}/24 dev eth0",
                     f"route add default via {nic.subnet.gateway4} dev eth0")
        if ipv6:
            self.host.ip(f"-6 addr add {nic.addresses[1]}/64 dev eth0 nodad",
                         f"-6 route add default via {nic.subnet.gateway6} dev eth0")
        return self

    # Judging

    def spoofed(self):
        """How many packets the cloud has dropped for a source that is not the port's."""
        with self.cloud.entered():
            link = self.cloud.show("-s link show dev bin")[0]
        return link["stats64"]["rx"]["packets"]

    def owner(self, address):
        """The port that an address belongs to."""
        for port, granted in self._granted.items():
            if address in granted:
                return port
        return None

    def destinations(self, version):
        """The internet, and a machine in each subnet."""
        index = 0 if version == 4 else 1
        return {"the internet": (INET4, INET6)[index],
                "subnet A": PEERS["a"][index], "subnet B": PEERS["b"][index]}

    def probe(self, source, destination, timeout=2.0, device=None, port=PROBE_PORT):
        """Asks the destination's echo server. Without a source the kernel chooses one."""
        tag = os.urandom(8)
        family = socket.AF_INET6 if ":" in destination else socket.AF_INET
        client = self.host.socket(family, socket.SOCK_DGRAM)
        with client:
            if device:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
            with contextlib.suppress(OSError):
                if source:
                    client.bind((source, 0))
                return Probe(tag, self._ask(client, (destination, port), tag, timeout))
        return Probe(tag, None)

    def _ask(self, client, target, tag, timeout):
        servers = [server for server in self._servers]
        end, again = time.monotonic() + timeout, 0.0
        while (now := time.monotonic()) < end:
            if now >= again:
                client.sendto(tag, target)
                again = now + 0.5
            for ready in select.select([client, *self._servers], [], [], 0.05)[0]:
                data, sender = ready.recvfrom(2048)
                if ready is client:
                    return sender[0]
                if data == tag:
                    with contextlib.suppress(OSError):
                        ready.sendto(data, sender)
        return None


@dataclass
class Probe:
    tag: bytes
    answered_by: str

    @property
    def answered(self):
        return self.answered_by is not None


@dataclass
class Packet:
    port: str
    source: str
    destination: str
    mac: str
    payload: bytes
    kind: str


class Capture:
    """Each packet that comes out of the host's NICs, with the port that saw it."""

    def __init__(self, vpc):
        self._vpc = vpc
        self._sockets = {}
        self.packets = []
        for nic in vpc.nics.values():
            tap = vpc.cloud.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            tap.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)  # SO_RCVBUFFORCE
            tap.bind((nic.port, 3))  # ETH_P_ALL, which before now it would have of every port
            tap.setblocking(False)
            self._sockets[nic.port] = tap

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for tap in self._sockets.values():
            tap.close()

    def drain(self):
        for port, tap in self._sockets.items():
            with contextlib.suppress(BlockingIOError):
                while True:
                    data, sender = tap.recvfrom(65536)
                    if sender[2] != socket.PACKET_OUTGOING and (packet := _parse(port, data)):
                        self.packets.append(packet)
        return self

    def ports(self, probe):
        """Where a probe's own packets came out."""
        self.drain()
        return {p.port for p in self.packets if probe.tag in p.payload}

    def gateways(self, probe):
        """The MAC addresses to which a probe's own packets went."""
        self.drain()
        return {p.mac for p in self.packets if probe.tag in p.payload}

    def violations(self, besides=()):
        """The packets that break the law: a source that is not the port's."""
        self.drain()
        found = []
        for packet in self.packets:
            source = ipaddress.ip_address(packet.source)
            if source.is_unspecified or source.is_link_local or packet.source in besides:
                continue
            if self._vpc.owner(packet.source) != packet.port:
                way = f"{packet.source} > {packet.destination}"
                found.append(f"{packet.kind} {way} at {packet.port}")
        return found


class Tunnel:
    """A tun device and whoever holds its other end."""

    def __init__(self, space, name):
        with space.entered():
            self._fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(self._fd, 0x400454CA, struct.pack("16sH14x", name.encode(), 0x1001))

    def saw(self, tag, timeout=1.0):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            try:
                if tag in os.read(self._fd, 65536):
                    return True
            except BlockingIOError:
                time.sleep(0.02)
        return False

    def close(self):
        os.close(self._fd)


def _arp_sender(address):
    """u32 wants words that are aligned; an ARP packet's sender is not."""
    return f"match u16 {address >> 16:#x} 0xffff at 14 match u16 {address & 0xffff:#x} 0xffff at 16"


def _parse(port, data):
    mac, (kind,) = data[:6].hex(":"), struct.unpack_from("!H", data, 12)
    if kind == 0x0806:
        return Packet(port, socket.inet_ntop(socket.AF_INET, data[28:32]),
                      socket.inet_ntop(socket.AF_INET, data[38:42]), mac, b"", "arp")
    if kind == 0x0800:
        return Packet(port, socket.inet_ntop(socket.AF_INET, data[26:30]),
                      socket.inet_ntop(socket.AF_INET, data[30:34]), mac, data[34:], "ip")
    if kind == 0x86DD:
        return Packet(port, socket.inet_ntop(socket.AF_INET6, data[22:38]),
                      socket.inet_ntop(socket.AF_INET6, data[38:54]), mac, data[54:], "ip6")
    return None
