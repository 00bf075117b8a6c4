"""A metadata service for tests, with every way to go wrong.

It serves trees as shared/fixtures/metadata has them ("paths": key below "base" -> exact body), on the
clouds' own addresses in a namespace of the tests: nothing leaves it.
"""

import json
import os
import socket
import struct
import threading
import time
from pathlib import Path

TREES = Path(__file__).resolve().parent / "trees"
ENDPOINTS = {"alibaba": "100.100.100.200", "tencent": "169.254.0.23", "aws": "169.254.169.254"}
IPV6_ENDPOINTS = {"alibaba": "fd00:100::100:200", "aws": "fd00:ec2::254"}
TOKEN_HEADERS = {"alibaba": "x-aliyun-ecs-metadata-token", "aws": "x-aws-ec2-metadata-token"}
MACS = "network/interfaces/macs/"


def sample(name):
    """The keys of a sample tree, and the listings that it gives word for word."""
    tree = json.loads((TREES / f"{name}.json").read_text(encoding="utf-8"))
    listings = {path[len(tree["base"]):]: body for path, body in tree.get("listings", {}).items()
                if path.startswith(tree["base"])}
    return tree["paths"], listings


def alibaba(*nics, **top):
    """A tree of NICs: dictionaries of key -> body with a `mac`; the first is the primary."""
    paths = {"instance-id": "i-test", "mac": nics[0]["mac"], **top}
    for nic in nics:
        paths |= {f"{MACS}{nic['mac']}/{key}": body for key, body in nic.items() if key != "mac"}
    return paths


def alibaba_nic(mac, *addresses, gateway=None, length=24, gateway6=None):
    """Its keys: the first IPv4 address is the primary and stands last in the list."""
    ipv4 = [address for address in addresses if ":" not in address]
    ipv6 = [address for address in addresses if ":" in address]
    nic = {"mac": mac, "network-interface-id": "eni-" + mac.replace(":", ""), "vswitch-id": "vsw-1"}
    if ipv4:
        mask = (1 << 32) - (1 << (32 - length))
        nic |= {"primary-ip-address": ipv4[0], "private-ipv4s": json.dumps(ipv4[1:] + ipv4[:1]),
                "netmask": socket.inet_ntoa(struct.pack("!I", mask)),
                "gateway": gateway or ipv4[0].rsplit(".", 1)[0] + ".253",
                "vswitch-cidr-block": f"{ipv4[0]}/{length}"}  # with host bits, as it happens
    if ipv6:
        prefix = ipv6[0].rsplit("::", 1)[0]
        nic |= {"ipv6s": "[" + ",".join(ipv6) + "]", "ipv6-gateway": gateway6 or prefix + "::ff",
                "vswitch-ipv6-cidr-block": prefix + "::/64"}
    return nic


class Metadata:
    """Serves `paths` until `close`; `fault(request)` may answer, or raise `Drop`, instead."""

    class Drop(Exception):
        """The connection is closed without another word."""

    def __init__(self, namespace, cloud, paths, listings=None, latency=0.0, address=None, token=None,
                 token_uses=None):
        self.cloud, self.paths, self.listings = cloud, dict(paths), dict(listings or {})
        self.latency = latency
        self.needs_token = token  # None: as the cloud is by default, without
        self.token_uses = token_uses  # how many answers a token is good for
        self.fault = None
        self.requests = []
        self.served = 0
        self._lock = threading.Lock()
        self._tokens = {}
        self._closed = False
        address = address or ENDPOINTS[cloud]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        namespace.ip(f"addr replace {address}/{128 if ':' in address else 32} dev lo"
                     + (" nodad" if ":" in address else ""))
        self._listener = namespace.socket(family, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((address, 80))
        self._listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._closed = True
        # A blocked accept does not hear a close.
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        finally:
            self._listener.close()

    def _accept(self):
        while not self._closed:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as lines:
            try:
                while request := Request.read(lines, connection):
                    with self._lock:
                        self.requests.append(request)
                    if self.latency:
                        time.sleep(self.latency)
                    answer = (self.fault and self.fault(request)) or self.answer(request)
                    connection.sendall(answer)
                    if b"Connection: close" in answer.split(b"\r\n\r\n")[0]:
                        return
            except (OSError, Metadata.Drop):
                return

    def answer(self, request):
        """What a healthy service says."""
        self.served += 1
        name = TOKEN_HEADERS.get(self.cloud)
        if request.method == "PUT":
            if not name or request.path != "/latest/api/token":
                return response(405)
            if not 1 <= int(request.headers.get(name + "-ttl-seconds", "0")) <= 21600:
                return response(400)
            with self._lock:
                token = f"token-{len(self._tokens)}=="
                self._tokens[token] = 0
            return response(200, token)
        if self.needs_token and not self._spend(request.headers.get(name)):
            return response(401 if self.cloud == "aws" else 403)
        for base in ("/latest/meta-data/", "/meta-data/"):
            if request.path.startswith(base):
                body = self.body(request.path[len(base):])
                return response(404, "404 - Not Found") if body is None else response(200, body)
        return response(404)

    def _spend(self, token):
        with self._lock:
            if token not in self._tokens:
                return False
            self._tokens[token] += 1
            return self.token_uses is None or self._tokens[token] <= self.token_uses

    def body(self, key):
        if key in self.paths:
            return self.paths[key]
        if key in self.listings:
            return self.listings[key]
        folder = key.rstrip("/") + "/" if key else ""
        names = {path[len(folder):].split("/", 1)[0] + ("/" if "/" in path[len(folder):] else "")
                 for path in self.paths if path.startswith(folder)}
        return "\n".join(sorted(names)) if names else None


class Request:
    def __init__(self, method, path, headers, connection):
        self.method, self.path, self.headers = method, path, headers
        self.connection = connection

    @staticmethod
    def read(lines, connection):
        first = lines.readline().decode("latin-1").split()
        if len(first) != 3:
            return None
        headers = {}
        while (line := lines.readline().decode("latin-1").strip()):
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return Request(first[0], first[1], headers, connection)


def response(status, body="", *headers, length=True, version="1.1", close=False):
    """The bytes of an answer. Without a length the end of the connection ends it."""
    body = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/{version} {status} Whatever", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    if close or not length:
        lines.append("Connection: close")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunked(body, pieces=3):
    body = body.encode()
    size = max(1, -(-len(body) // pieces))
    parts = [body[i:i + size] for i in range(0, len(body), size)]
    data = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + data


def rtdiscover():
    """The built program: beside rtsetup."""
    from case import BINARY
    return os.path.join(os.path.dirname(BINARY), "rtdiscover")
